#include "distill/flip.h"

#include <ATen/ATen.h>

namespace manyfold::distill {
namespace {

/// Key point k of the mirrored object was key point mirrored_landmark[k] of the object itself.
void swap_back(data::Object& object, const std::vector<int64_t>& mirrored) {
  const auto landmarks = object.landmarks;
  const auto visible = object.visible;
  for (size_t k = 0; k < landmarks.size(); ++k) {
    const auto original = static_cast<size_t>(mirrored[k]);
    object.landmarks[original] = landmarks[k];
    object.visible[original] = visible[k];
  }
}

}  // namespace

at::Tensor unmirror_scores(const at::Tensor& scores, const data::LabelSpec& spec) {
  auto result = scores.dim() == 4 ? scores.flip(3) : scores;
  if (spec.mirrored_class.empty()) return result;
  // Class c of the mirrored picture was class mirrored_class[c]; a mirror swaps pairs.
  const auto order = at::tensor(at::ArrayRef<int64_t>(spec.mirrored_class), at::kLong);
  return result.index_select(1, order.to(result.device()));
}

std::vector<data::Object> unmirror_objects(std::vector<data::Object> objects,
                                           const data::LabelSpec& spec, float width) {
  for (auto& object : objects) {
    object.box.x = width - object.box.x - object.box.width;
    for (auto& point : object.landmarks) point.x = width - point.x;
    if (!spec.mirrored_landmark.empty()) swap_back(object, spec.mirrored_landmark);
    if (!spec.mirrored_class.empty()) {
      object.class_index = spec.mirrored_class[static_cast<size_t>(object.class_index)];
    }
  }
  return objects;
}

}  // namespace manyfold::distill
