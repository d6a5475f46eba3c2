#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/job/job_options.h"
#include "cli/job/run.h"

namespace manyfold::cli {

using TrainingRequest = JobRequest<JobOptions>;

struct TrainingOutcome {
  int exit_code = 0;  // 0, or 128 + the signal that stopped the run
  std::string folder;
  double score = -1;                      // of the best checkpoint
  std::map<std::string, double> figures;  // its figures, "<set>/<task>/<figure>"
};

/// Trains, evaluates, exports and reports. Everything that can be wrong with the request is found
/// before the first step. A signal ends the run after the step in hand, with a checkpoint.
TrainingOutcome run_training(const TrainingRequest& request);

}  // namespace manyfold::cli
