#pragma once

#include <string>
#include <vector>

#include "cli/job/job_options.h"
#include "graph/replay.h"

namespace manyfold::cli {

/// What an int8 model's ranges are found on, as inputs of its float graph, in batches: as
/// `calibration` says, pictures of training (mixed as in training, not augmented), of validation,
/// or of a folder. At most `quantise.pictures`, on `device`. With a memory, clips are gone along,
/// and each frame comes with the state before it; stills are looked at for up to eight frames.
/// Throws ConfigError for a folder that is not there, and UserError for one without pictures or a
/// picture that cannot be read.
std::vector<graph::TensorMap> calibration_inputs(const JobOptions& job, const graph::Graph& graph,
                                                 torch::Device device);

}  // namespace manyfold::cli
