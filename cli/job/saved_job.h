#pragma once

#include <string>
#include <vector>

#include "cli/job/job_options.h"
#include "common/config/value.h"

namespace manyfold::cli {

/// The job that a checkpoint or a package was made by.
struct SavedJob {
  JobOptions job;
  std::string config;  // the same as YAML
};

/// Reads the `config` that `origin` ("runs/x/export") carries, changed by `overrides`. Throws
/// ConfigError that names `origin`, or the override, and UserError for a pre-training run.
SavedJob saved_job(const std::string& config, const std::string& origin,
                   const std::vector<std::string>& overrides);

/// Gives a config of an earlier version the keys of this one. Of tasks with boxes, `ssld` is
/// `detector` now, and `stride` one of its `strides`.
void bring_up_to_date(config::Value& config);

}  // namespace manyfold::cli
