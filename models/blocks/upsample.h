#pragma once

#include <torch/nn/functional/upsampling.h>

namespace manyfold::models {

/// Twice the height and width, nearest neighbour: exact in every runtime and at every precision.
inline torch::Tensor upsample2(const torch::Tensor& x) {
  namespace F = torch::nn::functional;
  return F::interpolate(
      x, F::InterpolateFuncOptions().scale_factor(std::vector<double>{2, 2}).mode(torch::kNearest));
}

}  // namespace manyfold::models
