#include "cli/job/calibration.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "cli/job/job_model.h"
#include "cli/predict/picture_files.h"
#include "common/error.h"
#include "data/loading/evaluation_loader.h"
#include "data/loading/training_data.h"
#include "train/evaluate.h"
#include "train/forward.h"

namespace manyfold::cli {
namespace {

namespace fs = std::filesystem;
using at::Tensor;

constexpr int64_t kBatch = 32;
constexpr int64_t kClip = 16;  // frames of a validation clip: what is remembered has settled
constexpr int64_t kHeld = 8;   // frames for which a still is looked at

/// uint8 [N, T, 3, H, W] without what is beyond `most` frames.
Tensor cut(const Tensor& clips, int64_t most) {
  const auto frames = std::min(clips.size(1), most);
  const auto count = std::min(clips.size(0), std::max<int64_t>(1, most / frames));
  return clips.narrow(0, 0, count).narrow(1, 0, frames).clone();
}

/// Clips and stills, uint8 [N, T, 3, H, W] each: the first that are drawn, or (`spread`) some from
/// all along the run, whose phases may draw stills before they draw clips.
std::vector<Tensor> of_training(const JobOptions& job, bool spread) {
  auto options = job.data;
  options.augment.enabled = false;
  options.batch = kBatch;
  data::TrainingData data(options, train::label_specs(job.tasks), static_cast<uint64_t>(job.seed),
                          needs_of(job));
  const auto count = (job.quantise.pictures + kBatch - 1) / kBatch;
  std::vector<Tensor> drawn;
  std::unique_ptr<data::Loader> loader;
  for (int64_t i = 0, left = job.quantise.pictures; i < count && left > 0; ++i) {
    if (!loader || spread) {
      loader.reset();
      loader = data.loader((2 * i + 1) * (spread ? job.train.steps : 0) / (2 * count));
    }
    const auto batch = loader->next();
    TORCH_CHECK(batch, "the loader of an endless sequence ended");
    drawn.push_back(cut(batch->pictures, left));
    left -= drawn.back().size(0) * drawn.back().size(1);
  }
  return drawn;
}

/// In equal parts from every set, of clips their beginnings.
std::vector<Tensor> of_validation(const JobOptions& job) {
  train::ValidationData data(job.data, train::label_specs(job.tasks));
  std::vector<Tensor> drawn;
  const auto sets = static_cast<int64_t>(data.sources.size());
  for (int64_t s = 0; s < sets; ++s) {
    const auto count = job.quantise.pictures;
    int64_t left = (count * (s + 1)) / sets - (count * s) / sets;
    const auto loader = data::evaluation_loader(*data.sources[static_cast<size_t>(s)], data.options,
                                                data.specs, data.bad_files);
    for (auto batch = loader->next(); batch && left > 0; batch = loader->next()) {
      if (batch->continues) continue;
      drawn.push_back(cut(batch->pictures.slice(1, 0, kClip), left));
      left -= drawn.back().size(0) * drawn.back().size(1);
    }
  }
  return drawn;
}

std::vector<Tensor> of_folder(const JobOptions& job) {
  auto files = pictures_below(job.calibration);
  const auto wanted = std::min(files.size(), static_cast<size_t>(job.quantise.pictures));
  std::vector<Tensor> rows;
  for (size_t i = 0; i < wanted; ++i)  // spread over the whole folder
    rows.push_back(network_picture(read_picture(files[i * files.size() / wanted]), job.data));
  return {at::cat(rows).unsqueeze(1)};
}

std::vector<Tensor> drawn(const JobOptions& job, bool remembers) {
  if (job.calibration == "training") return of_training(job, /*spread=*/remembers);
  if (job.calibration == "validation") return of_validation(job);
  if (fs::is_directory(job.calibration)) return of_folder(job);
  throw ConfigError("calibration = " + job.calibration +
                    ", must be training, validation or a folder of pictures");
}

/// Stills, uint8 [N, 3, H, W], that have been looked at for 0, 1, ... 7 frames, by turns: of a
/// memory that begins and of one that has settled.
graph::TensorMap held(const graph::Graph& graph, const Tensor& stills) {
  auto inputs = train::inputs_along(graph, stills.unsqueeze(1).expand({-1, kHeld, -1, -1, -1}));
  const auto row = at::arange(stills.size(0), stills.options().dtype(at::kLong));
  for (auto& [name, tensor] : inputs)
    tensor = tensor.index_select(0, row * kHeld + row.remainder(kHeld));
  return inputs;
}

}  // namespace

std::vector<graph::TensorMap> calibration_inputs(const JobOptions& job, const graph::Graph& graph,
                                                 torch::Device device) {
  const bool remembers = !train::state_inputs(graph).empty();
  std::vector<graph::TensorMap> batches;
  std::vector<Tensor> stills;
  for (const auto& clips : drawn(job, remembers)) {
    if (remembers && clips.size(1) > 1) {
      batches.push_back(train::inputs_along(graph, clips.to(device)));
    } else {
      stills.push_back(clips.flatten(0, 1));
    }
  }
  if (stills.empty()) return batches;
  for (const auto& batch : at::cat(stills).split(kBatch)) {
    const auto pictures = batch.to(device).contiguous(at::MemoryFormat::ChannelsLast);
    batches.push_back(remembers ? held(graph, pictures) : graph::TensorMap{{"pictures", pictures}});
  }
  return batches;
}

}  // namespace manyfold::cli
