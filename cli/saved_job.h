#pragma once

#include <string>
#include <vector>

#include "cli/job_options.h"

namespace manyfold::cli {

/// The job that a checkpoint or a package was made by.
struct SavedJob {
  JobOptions job;
  std::string config;  // the same as YAML
};

/// Reads the `config` that `origin` ("runs/x/export") carries, changed by `overrides`. Throws
/// ConfigError that names `origin`, or the override.
SavedJob saved_job(const std::string& config, const std::string& origin,
                   const std::vector<std::string>& overrides);

}  // namespace manyfold::cli
