#include "models/blocks/initialise.h"

#include <torch/types.h>

#include <cmath>

namespace manyfold::models {

void kaiming_normal_fan_out(const at::Tensor& kernel, int64_t groups) {
  const torch::NoGradGuard no_grad;
  const double fan = static_cast<double>(kernel.size(0) * kernel.size(2) * kernel.size(3)) / groups;
  kernel.normal_(0, std::sqrt(2 / fan));
}

void icnr(const at::Tensor& kernel, int64_t r) {
  TORCH_CHECK(r > 0 && kernel.size(0) % (r * r) == 0, "icnr: ", kernel.size(0),
              " output channels cannot be shuffled by ", r);
  const torch::NoGradGuard no_grad;
  const auto small = torch::empty_like(kernel.narrow(0, 0, kernel.size(0) / (r * r)));
  kaiming_normal_fan_out(small);
  kernel.copy_(small.repeat_interleave(r * r, 0));
}

}  // namespace manyfold::models
