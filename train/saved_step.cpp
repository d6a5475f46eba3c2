#include "train/saved_step.h"

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "common/error.h"

namespace manyfold::train {
namespace {

using at::Tensor;
using nlohmann::json;

/// Every tensor of a label, defined or not, by name.
std::vector<std::pair<std::string, Tensor*>> tensors_of(data::Labels& labels) {
  return {{"present", &labels.present},
          {"mask", &labels.mask},
          {"index", &labels.index},
          {"count", &labels.count},
          {"box", &labels.box},
          {"object_class", &labels.object_class},
          {"landmarks", &labels.landmarks},
          {"visible", &labels.visible},
          {"labelled", &labels.labelled}};
}

/// Every tensor of a batch by its name in a file.
std::vector<std::pair<std::string, Tensor*>> tensors_of(data::Batch& batch) {
  std::vector<std::pair<std::string, Tensor*>> all = {
      {"pictures", &batch.pictures}, {"crops", &batch.crops}, {"motion", &batch.motion}};
  for (auto& [task, labels] : batch.labels) {
    for (const auto& [name, tensor] : tensors_of(labels))
      all.emplace_back(task + "/" + name, tensor);
  }
  return all;
}

bool is_interleaved(const Tensor& pictures) {
  return pictures.defined() && pictures.permute({0, 1, 3, 4, 2}).is_contiguous();
}

/// [N, T, 3, H, W] with the colours of a pixel side by side in memory, as the loader makes them.
Tensor interleaved(const Tensor& pictures) {
  return pictures.permute({0, 1, 3, 4, 2}).contiguous().permute({0, 1, 4, 2, 3});
}

BatchPart packed(data::Batch batch) {
  BatchPart part;
  json notes = {{"step", batch.step}, {"tasks", json::array()}, {"origins", json::array()}};
  notes["continues"] = batch.continues;
  notes["interleaved"] = is_interleaved(batch.pictures);
  notes["interleaved_crops"] = is_interleaved(batch.crops);
  for (const auto& [task, labels] : batch.labels) notes["tasks"].push_back(task);
  for (const auto& origin : batch.origins)
    notes["origins"].push_back(json::array({origin.source, origin.name, origin.synthetic}));
  for (const auto& [name, tensor] : tensors_of(batch)) {
    if (tensor->defined()) part.tensors[name] = *tensor;
  }
  part.notes = notes.dump(-1, ' ', /*ensure_ascii=*/false, json::error_handler_t::replace);
  return part;
}

data::Batch unpacked(const BatchPart& part) {
  data::Batch batch;
  const auto notes = json::parse(part.notes);
  batch.step = notes.at("step");
  batch.continues = notes.value("continues", false);
  for (const auto& task : notes.at("tasks")) batch.labels[task.get<std::string>()];
  for (const auto& origin : notes.at("origins"))
    batch.origins.push_back({origin.at(0), origin.at(1), origin.at(2)});
  for (const auto& [name, tensor] : tensors_of(batch)) {
    const auto found = part.tensors.find(name);
    if (found != part.tensors.end()) *tensor = found->second;
  }
  if (notes.at("interleaved")) batch.pictures = interleaved(batch.pictures);
  if (notes.value("interleaved_crops", false)) batch.crops = interleaved(batch.crops);
  return batch;
}

}  // namespace

void save_step(const std::filesystem::path& path, const Checkpoint& checkpoint,
               const data::Batch& batch) {
  save_checkpoint(path, checkpoint, packed(batch));
}

SavedStep load_step(const std::filesystem::path& path) {
  BatchPart part;
  SavedStep step;
  step.checkpoint = load_checkpoint(path, &part);
  if (part.notes.empty()) {
    throw UserError(path.string() +
                    " is a checkpoint without a batch; expected a step that a run skipped, as it "
                    "stands in skipped/ of the run's folder");
  }
  step.batch = unpacked(part);
  return step;
}

data::Batch to_device(data::Batch batch, at::Device device) {
  for (const auto& [name, tensor] : tensors_of(batch)) {
    if (tensor->defined()) *tensor = tensor->to(device, /*non_blocking=*/true);
  }
  return batch;
}

}  // namespace manyfold::train
