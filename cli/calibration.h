#pragma once

#include <string>
#include <vector>

#include "cli/job_options.h"
#include "graph/replay.h"

namespace manyfold::cli {

/// The pictures that an int8 model's ranges are found on, in batches: as `calibration` says, those
/// of training (mixed as in training, not augmented), those of validation, or the pictures of a
/// folder. At most `quantise.pictures`, on `device`.
/// Throws ConfigError for a folder that is not there, and UserError for one without pictures or a
/// picture that cannot be read.
std::vector<graph::TensorMap> calibration_pictures(const JobOptions& job, torch::Device device);

}  // namespace manyfold::cli
