#pragma once

#include <gtest/gtest.h>
#include <torch/types.h>

namespace manyfold::losses {

inline void expect_close(const torch::Tensor& got, const torch::Tensor& expected,
                         double tolerance = 1e-5) {
  ASSERT_EQ(got.sizes(), expected.sizes());
  EXPECT_TRUE(
      torch::allclose(got.to(torch::kDouble), expected.to(torch::kDouble), tolerance, tolerance))
      << got << "\nexpected\n"
      << expected;
}

/// The gradient of `loss(x)` by central differences.
template <class Loss>
torch::Tensor numeric_gradient(const Loss& loss, const torch::Tensor& x, double step) {
  const torch::NoGradGuard no_grad;
  auto gradient = torch::zeros_like(x);
  auto flat = gradient.view(-1);
  for (int64_t i = 0; i < x.numel(); ++i) {
    const auto at = [&](double shift) {
      auto moved = x.detach().clone();
      moved.view(-1)[i] += shift;
      return loss(moved).template item<double>();
    };
    flat[i] = (at(step) - at(-step)) / (2 * step);
  }
  return gradient;
}

}  // namespace manyfold::losses
