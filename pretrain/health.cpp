#include "pretrain/health.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>

namespace manyfold::pretrain {

at::Tensor feature_spread(const at::Tensor& features) {
  const auto rows = features.detach().to(torch::kFloat).flatten(1);
  const auto directions = rows / rows.norm(2, 1, /*keepdim=*/true).clamp_min(1e-12);
  return directions.std(0, /*unbiased=*/false).mean() *
         std::sqrt(static_cast<double>(rows.size(1)));
}

at::Tensor used_share(const at::Tensor& probabilities) {
  const auto classes = probabilities.size(-1);
  const auto winners = probabilities.detach().reshape({-1, classes}).argmax(1);
  const auto used = torch::zeros({classes}, probabilities.options()).index_fill_(0, winners, 1);
  return used.sum() / static_cast<double>(std::min(classes, winners.size(0)));
}

}  // namespace manyfold::pretrain
