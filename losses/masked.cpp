#include "losses/masked.h"

#include <torch/types.h>

namespace manyfold::losses {

at::Tensor masked_mean(const at::Tensor& each, const at::Tensor& valid) {
  TORCH_CHECK(each.sizes() == valid.sizes() && valid.scalar_type() == torch::kBool,
              "masked_mean: values and mask must have one shape and the mask be bool, got ",
              each.sizes(), " and ", valid.sizes(), " of ", valid.scalar_type());
  return each.masked_fill(valid.logical_not(), 0).sum() / valid.sum().clamp_min(1);
}

}  // namespace manyfold::losses
