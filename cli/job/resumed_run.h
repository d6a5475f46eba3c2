#pragma once

#include <string>
#include <vector>

#include "train/run_folder.h"

namespace manyfold::cli {

/// A run that is gone on with, by the config it was started with.
struct ResumedRun {
  train::RunFolder folder;
  std::string config;                  // YAML, of its last checkpoint
  std::vector<std::string> overrides;  // typed in all: when it was started, and since
  std::vector<std::string> changes;    // those of now that are new
};

/// Throws UserError when `folder` holds no run.
ResumedRun resumed_run(const std::string& folder, const std::vector<std::string>& overrides);

}  // namespace manyfold::cli
