#include "losses/ciou.h"

#include <torch/types.h>

#include "losses/boxes.h"

namespace manyfold::losses {
namespace {

using torch::Tensor;

constexpr double kEpsilon = 1e-7;
constexpr double kPi = 3.14159265358979323846;

/// rho^2 / c^2
Tensor distance(const Tensor& a, const Tensor& b) {
  const auto low = torch::minimum(a.narrow(-1, 0, 2), b.narrow(-1, 0, 2));
  const auto high = torch::maximum(a.narrow(-1, 2, 2), b.narrow(-1, 2, 2));
  return (centre_of(a) - centre_of(b)).square().sum(-1) /
         ((high - low).square().sum(-1) + kEpsilon);
}

/// The angle whose tangent is w / h.
Tensor shape(const Tensor& box) {
  const auto size = size_of(box);
  return (size.select(-1, 0) / (size.select(-1, 1) + kEpsilon)).atan();
}

}  // namespace

Tensor complete_iou(const Tensor& a, const Tensor& b) {
  for (const auto type : {a.scalar_type(), b.scalar_type()}) {
    TORCH_CHECK(type == torch::kFloat || type == torch::kDouble,
                "complete_iou: needs float32 or float64, got ", type);
  }
  const auto iou = box_iou(a, b);
  const auto v = (shape(b) - shape(a)).square() * (4 / (kPi * kPi));
  const auto alpha = (v / ((1 - iou).clamp_min(0) + v + kEpsilon)).detach();
  return iou - distance(a, b) - alpha * v;
}

}  // namespace manyfold::losses
