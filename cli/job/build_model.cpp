#include "cli/job/build_model.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <malloc.h>
#include <torch/cuda.h>

#include <algorithm>
#include <thread>

#include "common/error.h"
#include "models/heads/embedding_head.h"
#include "models/memory_format.h"

namespace manyfold::cli {
namespace {

/// Tensors of a few megabytes come and go at every step. Handed back to the system each time, their
/// pages must be mapped and cleared again: 15 % of a training step.
void keep_freed_memory() {
#ifdef __GLIBC__
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, -1);
#endif
}

}  // namespace

torch::Device prepare_compute(const RunOptions& run) {
  keep_freed_memory();
  at::globalContext().setFlushDenormal(
      true);  // a convolution over denormals takes 200 times as long
  const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  at::set_num_threads(run.threads > 0 ? static_cast<int>(run.threads) : cores);
  const bool cuda = torch::cuda::is_available();
  if (run.device == "cuda" && !cuda) {
    throw UserError(
        "run.device = cuda, but LibTorch sees no GPU; set run.device=cpu or install a LibTorch "
        "with CUDA");
  }
  return run.device != "cpu" && cuda ? torch::kCUDA : torch::kCPU;
}

models::MultiTaskModel placed(models::MultiTaskModel model, torch::Device device) {
  models::set_channels_last(*model);
  model->to(device);
  return model;
}

models::MultiTaskModel build_encoder(const models::ModelOptions& options, uint64_t seed,
                                     torch::Device device) {
  torch::manual_seed(seed);
  std::vector<std::pair<std::string, std::shared_ptr<models::Head>>> heads = {
      {"embedding", std::make_shared<models::EmbeddingHeadImpl>()}};
  return placed(models::MultiTaskModel(options.make_encoder(), std::move(heads)), device);
}

models::MultiTaskModel build_model(const JobOptions& job, torch::Device device) {
  torch::manual_seed(static_cast<uint64_t>(job.seed));
  const auto encoder = job.model.make_encoder();
  std::vector<std::pair<std::string, std::shared_ptr<models::Head>>> heads;
  for (const auto& [name, options] : job.tasks) {
    heads.emplace_back(name, options.task->make_head(encoder->features()));
  }
  // Last, so that encoder and heads of a seed begin alike with and without it.
  const auto temporal = job.model.make_temporal(encoder->features());
  return placed(models::MultiTaskModel(encoder, std::move(heads), temporal), device);
}

}  // namespace manyfold::cli
