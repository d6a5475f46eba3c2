#pragma once

#include "cli/job/run.h"
#include "cli/pretrain/pretrain_options.h"

namespace manyfold::cli {

using PretrainRequest = JobRequest<PretrainJob>;

/// Trains an encoder without labels, probes it, exports it and reports: the exit code, 0 or 128 +
/// the signal that stopped it.
int run_pretraining(const PretrainRequest& request);

}  // namespace manyfold::cli
