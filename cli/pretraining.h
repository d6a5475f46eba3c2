#pragma once

#include <string>
#include <vector>

#include "cli/pretrain_options.h"

namespace manyfold::cli {

/// A job of pre-training as it was asked for.
struct PretrainRequest {
  PretrainJob job;
  std::string config;                  // YAML, as composed
  std::vector<std::string> overrides;  // as typed
  bool resume = false;
};

/// Trains an encoder without labels, probes it, exports it and reports: the exit code, 0 or 128 +
/// the signal that stopped it.
int run_pretraining(const PretrainRequest& request);

}  // namespace manyfold::cli
