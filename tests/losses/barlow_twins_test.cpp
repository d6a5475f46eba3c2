#include "losses/barlow_twins.h"

#include <gtest/gtest.h>

#include "tests/losses/testing.h"

namespace manyfold::losses {
namespace {

using torch::Tensor;

/// Two columns with mean 0, variance 1 and no correlation.
Tensor independent() {
  return torch::tensor({1.0, 1.0, -1.0, 1.0, 1.0, -1.0, -1.0, -1.0}).view({4, 2});
}

TEST(BarlowTwins, IsZeroForEqualViewsOfIndependentNumbers) {
  const auto z = independent();
  EXPECT_NEAR(barlow_twins(z, 3 * z + 7, 0.0051).item<double>(), 0, 1e-6);
}

// C = [[1, 1], [0, 0]]: (1 - 1)^2 + (0 - 1)^2 + 0.5 (1^2 + 0^2)
TEST(BarlowTwins, WeighsCorrelationsBetweenDifferentNumbers) {
  const auto z = independent();
  const auto twice = z.narrow(1, 0, 1).expand({4, 2});
  EXPECT_NEAR(barlow_twins(z, twice, 0.5).item<double>(), 1.5, 1e-4);
}

// Torch 1.13 in Python, as facebookresearch/barlowtwins computes it:
//   za = torch.arange(15, dtype=torch.float64).sin().view(5, 3)
//   zb = torch.arange(15, dtype=torch.float64).mul(1.3).cos().view(5, 3)
//   bn = torch.nn.BatchNorm1d(3, affine=False).double(); c = bn(za).T @ bn(zb) / 5
//   off = c.flatten()[:-1].view(2, 4)[:, 1:].pow(2).sum()
//   (c.diagonal() - 1).pow(2).sum() + .0051 * off
TEST(BarlowTwins, IsThatOfTheReference) {
  const auto a = torch::arange(15, torch::kFloat).sin().view({5, 3});
  const auto b = torch::arange(15, torch::kFloat).mul(1.3).cos().view({5, 3});
  EXPECT_NEAR(barlow_twins(a, b, 0.0051).item<double>(), 4.978414, 1e-4);
}

TEST(BarlowTwins, HasTheGradientOfItsValue) {
  torch::manual_seed(2);
  const auto a = torch::randn({6, 3}).requires_grad_(), b = torch::randn({6, 3});
  const auto loss = [&](const Tensor& x) { return barlow_twins(x, b, 0.3); };
  loss(a).backward();
  expect_close(a.grad(), numeric_gradient(loss, a, 1e-2), 5e-3);
}

TEST(BarlowTwins, CountsAConstantNumberAsUncorrelated) {
  auto a = torch::zeros({4, 2}).requires_grad_();
  const auto loss = barlow_twins(a, independent(), 1);
  EXPECT_NEAR(loss.item<double>(), 2, 1e-6);
  loss.backward();
  EXPECT_TRUE(a.grad().isfinite().all().item<bool>());
}

TEST(BarlowTwins, RefusesUnequalViewsAndASinglePicture) {
  EXPECT_THROW(barlow_twins(torch::zeros({4, 2}), torch::zeros({4, 3}), 1), c10::Error);
  EXPECT_THROW(barlow_twins(torch::zeros({1, 2}), torch::zeros({1, 2}), 1), c10::Error);
}

}  // namespace
}  // namespace manyfold::losses
