#pragma once

#include "cli/job/job_options.h"
#include "models/multitask.h"

namespace manyfold::cli {

/// SHA-256 over the names, shapes and values of a model's encoder.
std::string encoder_hash(const models::MultiTaskModel& model);

/// Gives the model the encoder of another run, and logs what was and was not loaded.
/// Throws UserError when a tensor is missing, left over or of another shape, or when the hash is
/// not the one that the options name: nothing is then loaded.
void load_encoder(const EncoderOptions& options, models::MultiTaskModel& model);

}  // namespace manyfold::cli
