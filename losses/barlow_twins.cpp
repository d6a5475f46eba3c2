#include "losses/barlow_twins.h"

#include <torch/types.h>

namespace manyfold::losses {
namespace {

using at::Tensor;

constexpr double kEps = 1e-5;  // BatchNorm's

/// Every column to mean 0 and variance 1.
Tensor standardised(const Tensor& x) {
  const auto wide = x.to(torch::kFloat);
  const auto centred = wide - wide.mean(0);
  return centred * (centred.square().mean(0) + kEps).rsqrt();
}

}  // namespace

Tensor barlow_twins(const Tensor& a, const Tensor& b, double off_diagonal) {
  TORCH_CHECK(a.dim() == 2 && a.sizes() == b.sizes() && a.size(0) >= 2,
              "barlow_twins: needs two views [N, D] of one shape with N >= 2, got ", a.sizes(),
              " and ", b.sizes());
  const auto correlation =
      standardised(a).t().matmul(standardised(b)) / static_cast<double>(a.size(0));
  const auto own = correlation.diagonal();
  const auto others = correlation - torch::diag(own);
  return (own - 1).square().sum() + off_diagonal * others.square().sum();
}

}  // namespace manyfold::losses
