#include "losses/match_sizes.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace manyfold::losses {

std::pair<at::Tensor, at::Tensor> match_sizes(const at::Tensor& a, const at::Tensor& b) {
  TORCH_CHECK(a.dim() == 4 && b.dim() == 4 && a.size(0) == b.size(0),
              "match_sizes: needs two maps [N, C, H, W] with the same N, got ", a.sizes(), " and ",
              b.sizes());
  const auto height = std::min(a.size(2), b.size(2)), width = std::min(a.size(3), b.size(3));
  const auto pooled = [&](const at::Tensor& x) {
    return x.size(2) == height && x.size(3) == width ? x
                                                     : at::adaptive_avg_pool2d(x, {height, width});
  };
  return {pooled(a), pooled(b)};
}

}  // namespace manyfold::losses
