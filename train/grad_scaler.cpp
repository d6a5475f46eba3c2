#include "train/grad_scaler.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

namespace manyfold::train {

void GradScaler::unscale(const std::vector<at::Tensor>& parameters) const {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const auto& parameter : parameters) {
    if (parameter.grad().defined()) gradients.push_back(parameter.grad());
  }
  if (!gradients.empty()) at::_foreach_mul_(gradients, 1 / scale_);
}

void GradScaler::update(bool finite) {
  if (!finite) {
    scale_ = std::max(scale_ * kBackoff, kFloor);
    good_steps_ = 0;
  } else if (++good_steps_ == kGrowthInterval) {
    scale_ = std::min(scale_ * kGrowth, kCap);
    good_steps_ = 0;
  }
}

}  // namespace manyfold::train
