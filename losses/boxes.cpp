#include "losses/boxes.h"

#include <torch/types.h>

namespace manyfold::losses {
namespace {

at::Tensor over_union(const at::Tensor& shared, const at::Tensor& a, const at::Tensor& b) {
  return shared / (a + b - shared).clamp_min(1e-12);
}

at::Tensor area(const at::Tensor& sides) {
  return sides.clamp_min(0).select(-1, 0) * sides.clamp_min(0).select(-1, 1);
}

}  // namespace

at::Tensor size_of(const at::Tensor& box) { return box.narrow(-1, 2, 2) - box.narrow(-1, 0, 2); }

at::Tensor centre_of(const at::Tensor& box) {
  return (box.narrow(-1, 2, 2) + box.narrow(-1, 0, 2)) / 2;
}

at::Tensor box_iou(const at::Tensor& a, const at::Tensor& b) {
  const auto low_a = a.narrow(-1, 0, 2), high_a = a.narrow(-1, 2, 2);
  const auto low_b = b.narrow(-1, 0, 2), high_b = b.narrow(-1, 2, 2);
  const auto shared = area(torch::minimum(high_a, high_b) - torch::maximum(low_a, low_b));
  return over_union(shared, area(high_a - low_a), area(high_b - low_b));
}

at::Tensor shape_iou(const at::Tensor& a, const at::Tensor& b) {
  return over_union(area(torch::minimum(a, b)), area(a), area(b));
}

}  // namespace manyfold::losses
