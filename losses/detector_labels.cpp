#include "losses/detector_labels.h"

#include <torch/types.h>

#include "losses/boxes.h"

namespace manyfold::losses {
namespace {

using torch::Tensor;

/// bool [N, F]: labelled, not padding, of positive size.
Tensor real(const DetectorLabels& labels) {
  const auto number = torch::arange(labels.box.size(1), labels.count.options());
  return labels.present.unsqueeze(1) & number.unsqueeze(0).lt(labels.count.unsqueeze(1)) &
         size_of(labels.box).gt(0).all(-1);
}

}  // namespace

Tensor asked_classes(const DetectorLabels& labels, const DetectorOptions& options) {
  const auto present = labels.present.unsqueeze(1);
  return labels.labelled.defined() ? present & labels.labelled
                                   : present.expand({-1, options.classes});
}

Tensor learnable_objects(const DetectorLabels& labels, const DetectorOptions& options) {
  const auto object = real(labels) & labels.object_class.ge(0);
  TORCH_CHECK(!(object & labels.object_class.ge(options.classes)).any().item<bool>(),
              "detector: an object's class is not below ", options.classes);
  const auto known = labels.object_class.clamp(0, options.classes - 1);  // regions and padding too
  return object & asked_classes(labels, options).gather(1, known);
}

Tensor ignored_regions(const DetectorLabels& labels) {
  return real(labels) & labels.object_class.lt(0);
}

std::pair<Tensor, Tensor> entries_of(const Tensor& chosen) {
  const auto index = chosen.nonzero();
  return {index.select(1, 0), index.select(1, 1)};
}

}  // namespace manyfold::losses
