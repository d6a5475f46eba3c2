#include "losses/ciou.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "testing.h"

namespace manyfold::losses {
namespace {

using torch::Tensor;

// 4 x 2 round (5, 5) and 4 x 4 round (6, 5). IoU 6 / 18, rho^2 / c^2 = 1 / 41,
// v = 4 / pi^2 (atan 1 - atan 2)^2 = 0.0419565, alpha = v / (2 / 3 + v) = 0.0592084
const std::array<double, 4> kFound = {3, 4, 7, 6}, kObject = {4, 3, 8, 7};
constexpr double kAlpha = 0.059208428;

Tensor box(const std::array<double, 4>& sides) {
  return torch::tensor({sides[0], sides[1], sides[2], sides[3]}, torch::kDouble);
}

/// The formula in plain numbers, against kObject, with alpha held as it is at kFound.
double with_fixed_alpha(const Tensor& found) {
  const auto p = found.accessor<double, 1>();
  const auto& g = kObject;
  const double w = p[2] - p[0], h = p[3] - p[1], gw = g[2] - g[0], gh = g[3] - g[1];
  const double shared =
      (std::min(p[2], g[2]) - std::max(p[0], g[0])) * (std::min(p[3], g[3]) - std::max(p[1], g[1]));
  const double rho2 = (std::pow(p[0] + p[2] - g[0] - g[2], 2) +  //
                       std::pow(p[1] + p[3] - g[1] - g[3], 2)) /
                      4;
  const double c2 = std::pow(std::max(p[2], g[2]) - std::min(p[0], g[0]), 2) +
                    std::pow(std::max(p[3], g[3]) - std::min(p[1], g[1]), 2);
  const double turn = (std::atan(gw / gh) - std::atan(w / h)) / std::acos(-1.0);
  return shared / (w * h + gw * gh - shared) - rho2 / c2 - kAlpha * 4 * turn * turn;
}

TEST(CompleteIou, CountsOverlapDistanceAndShape) {
  EXPECT_NEAR(complete_iou(box(kFound), box(kObject)).item<double>(), 0.306459, 1e-6);
  EXPECT_NEAR(
      complete_iou(box(kFound).to(torch::kFloat), box(kObject).to(torch::kFloat)).item<double>(),
      0.306459, 1e-6);
}

TEST(CompleteIou, IsOneOfEqualBoxesAndBelowZeroOfBoxesApart) {
  const auto a = torch::tensor({{0., 0., 1., 1.}, {0., 0., 1., 1.}});
  const auto b = torch::tensor({{0., 0., 1., 1.}, {3., 0., 4., 1.}});
  expect_close(complete_iou(a, b), torch::tensor({1., -9. / 17}));  // 3^2 / (4^2 + 1^2)
}

TEST(CompleteIou, HasTheGradientOfItsDifferencesWithAlphaFixed) {
  const auto found = box(kFound).set_requires_grad(true);
  complete_iou(found, box(kObject)).backward();
  const auto fixed = [](const Tensor& x) {
    return torch::tensor(with_fixed_alpha(x), torch::kDouble);
  };
  const auto expected = numeric_gradient(fixed, found, 1e-4);
  expect_close(found.grad(), expected, 1e-6);
}

TEST(CompleteIou, HasAFiniteGradientWhereBoxesAreOne) {
  const auto found = torch::tensor({0.2f, 0.3f, 0.5f, 0.7f}).set_requires_grad(true);
  complete_iou(found, found.detach()).backward();
  EXPECT_TRUE(found.grad().isfinite().all().item<bool>());
}

TEST(CompleteIou, RefusesHalfPrecision) {
  const auto half = torch::zeros({1, 4}, torch::kHalf);
  EXPECT_THROW(complete_iou(half, half), c10::Error);
}

}  // namespace
}  // namespace manyfold::losses
