#include "losses/classification.h"

#include "testing.h"

namespace manyfold::losses {
namespace {

// z = (2, 1, 0), class 0: ln(1 + e^-1 + e^-2) = 0.407606; smoothed by 0.1: + 0.1 * (2 - mean z).
TEST(ClassCrossEntropy, GivesTheHandSums) {
  const auto z = torch::tensor({{2.f, 1.f, 0.f}});
  const auto first = torch::tensor({0}, torch::kLong);
  EXPECT_NEAR(class_cross_entropy(z, first).item<double>(), 0.407606, 1e-6);
  EXPECT_NEAR(class_cross_entropy(z, first, 0.1).item<double>(), 0.507606, 1e-6);
}

TEST(ClassCrossEntropy, AveragesLabelledSamplesOnly) {
  const auto z = torch::tensor({{2.f, 1.f, 0.f}, {0.f, 9.f, 0.f}}).set_requires_grad(true);
  const auto loss = class_cross_entropy(z, torch::tensor({0, -1}, torch::kLong));
  EXPECT_NEAR(loss.item<double>(), 0.407606, 1e-6);
  loss.backward();
  // softmax(2, 1, 0) - (1, 0, 0), and nothing for the unlabelled
  expect_close(z.grad(), torch::tensor({{-0.334759, 0.244728, 0.090031}, {0., 0., 0.}}));
}

TEST(ClassCrossEntropy, IsZeroWithZeroGradientWithoutLabels) {
  const auto z = torch::randn({2, 3}).set_requires_grad(true);
  const auto loss = class_cross_entropy(z, torch::tensor({-1, -1}, torch::kLong), 0.1);
  EXPECT_EQ(loss.item<double>(), 0);
  loss.backward();
  expect_close(z.grad(), torch::zeros({2, 3}));
}

TEST(ClassCrossEntropy, RefusesWhatDoesNotFit) {
  const auto first = torch::tensor({0}, torch::kLong);
  EXPECT_THROW(class_cross_entropy(torch::zeros({2, 3}), first), c10::Error);
  EXPECT_THROW(class_cross_entropy(torch::zeros({1, 3}), first, 1), c10::Error);
}

}  // namespace
}  // namespace manyfold::losses
