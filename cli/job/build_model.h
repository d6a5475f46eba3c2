#pragma once

#include <filesystem>
#include <string>

#include "cli/job/job_options.h"
#include "models/multitask.h"

namespace manyfold::cli {

/// Threads, denormals and device, as the job wants them; first thing in a job, before any tensor.
torch::Device prepare_compute(const RunOptions& run);

/// The model with channels last in memory, on `device`.
models::MultiTaskModel placed(models::MultiTaskModel model, torch::Device device);

/// An encoder with weights drawn from `seed`, whose one head, "embedding", learns nothing.
models::MultiTaskModel build_encoder(const models::ModelOptions& options, uint64_t seed,
                                     torch::Device device);

/// The model of a job, with weights drawn from its seed, channels last, on `device`.
models::MultiTaskModel build_model(const JobOptions& job, torch::Device device);

}  // namespace manyfold::cli
