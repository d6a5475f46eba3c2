#include "cli/calibration.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "cli/job_model.h"
#include "cli/picture_files.h"
#include "cli/run_export.h"
#include "common/error.h"
#include "data/training_data.h"

namespace manyfold::cli {
namespace {

namespace fs = std::filesystem;
using at::Tensor;

constexpr int64_t kBatch = 32;

/// uint8 [N, 3, H, W].
Tensor of_training(const JobOptions& job) {
  auto options = job.data;
  options.augment.enabled = false;
  options.batch = kBatch;
  data::TrainingData data(options, train::label_specs(job.tasks), static_cast<uint64_t>(job.seed),
                          needs_of(job));
  const auto loader = data.loader();
  std::vector<Tensor> batches;
  for (int64_t count = 0; count < job.quantise.pictures; count += kBatch) {
    const auto batch = loader->next();
    TORCH_CHECK(batch, "the loader of an endless sequence ended");
    batches.push_back(batch->pictures.flatten(0, 1).clone());
  }
  return at::cat(batches);
}

Tensor of_validation(const JobOptions& job) {
  train::ValidationData data(job.data, train::label_specs(job.tasks));
  std::vector<Tensor> rows;
  for (const auto& example : example_pictures(data, job.quantise.pictures))
    rows.push_back(example.at("pictures"));
  return rows.empty() ? at::empty({0}, at::kByte) : at::cat(rows);
}

Tensor of_folder(const JobOptions& job, const fs::path& folder) {
  auto files = pictures_below(folder);
  const auto wanted = std::min(files.size(), static_cast<size_t>(job.quantise.pictures));
  std::vector<Tensor> rows;
  for (size_t i = 0; i < wanted; ++i)  // spread over the whole folder
    rows.push_back(network_picture(read_picture(files[i * files.size() / wanted]), job.data));
  return at::cat(rows);
}

}  // namespace

std::vector<graph::TensorMap> calibration_pictures(const JobOptions& job, torch::Device device) {
  Tensor pictures;
  if (job.calibration == "training") {
    pictures = of_training(job);
  } else if (job.calibration == "validation") {
    pictures = of_validation(job);
  } else if (fs::is_directory(job.calibration)) {
    pictures = of_folder(job, job.calibration);
  } else {
    throw ConfigError("calibration = " + job.calibration +
                      ", must be training, validation or a folder of pictures");
  }
  pictures = pictures.slice(0, 0, job.quantise.pictures);
  std::vector<graph::TensorMap> batches;
  for (const auto& batch : pictures.split(kBatch))
    batches.push_back({{"pictures", batch.to(device).contiguous(at::MemoryFormat::ChannelsLast)}});
  return batches;
}

}  // namespace manyfold::cli
