#include "losses/channel_wise.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

namespace manyfold::losses {
namespace {

torch::Tensor student() {
  return torch::tensor({1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 0.0, 4.0}, torch::kDouble).view({1, 2, 2, 2});
}
torch::Tensor teacher() {
  return torch::tensor({1.0, 1.0, 1.0, 5.0, 0.0, 2.0, 0.0, 2.0}, torch::kDouble).view({1, 2, 2, 2});
}

// Python: sum over channels of kl_div(log_softmax(s.view(2, 4) / T, 1), softmax(t.view(2, 4) / T,
// 1), reduction="sum") * T * T / 2
TEST(ImitateChannels, IsTheDivergenceOverPositions) {
  EXPECT_NEAR(imitate_channels(student(), teacher(), 1).item<double>(), 0.757972, 1e-6);
  EXPECT_NEAR(imitate_channels(student(), teacher(), 4).item<double>(), 0.963805, 1e-6);
}

TEST(ImitateChannels, SeesNoConstantOfAChannel) {
  const auto shift = torch::tensor({3.0, -2.0}, torch::kDouble).view({1, 2, 1, 1});
  EXPECT_NEAR(imitate_channels(teacher() + shift, teacher(), 1).item<double>(), 0, 1e-12);
}

TEST(ImitateChannels, IsTheMeanOverPicturesAndLearnsFromTheTeacherOnly) {
  auto s = torch::cat({student(), teacher()}).requires_grad_();
  auto t = torch::cat({teacher(), teacher()}).requires_grad_();
  const auto loss = imitate_channels(s, t, 1);
  EXPECT_NEAR(loss.item<double>(), 0.757972 / 2, 1e-6);
  loss.backward();
  EXPECT_FALSE(t.grad().defined());
  // (softmax(student) - softmax(teacher)) / (N C), at the last position of the first channel.
  const double p = std::exp(4) / (3 * std::exp(0) + std::exp(4));
  const double q = std::exp(3) / (1 + std::exp(1) + std::exp(2) + std::exp(3));
  EXPECT_NEAR(s.grad()[0][0][1][1].item<double>(), (q - p) / 4, 1e-9);
}

// softmax().log() would be -inf for the far ones.
TEST(ImitateChannels, StaysFiniteForLargeNumbers) {
  const auto s = torch::tensor({0.0F, 1000.0F}).view({1, 1, 1, 2});
  EXPECT_NEAR(imitate_channels(s, -s, 1).item<float>(), 1000, 1e-3);
}

TEST(ImitateChannels, RefusesUnequalShapesAndNoMaps) {
  EXPECT_ANY_THROW(imitate_channels(torch::zeros({1, 2, 2, 2}), torch::zeros({1, 2, 2, 1}), 1));
  EXPECT_ANY_THROW(imitate_channels(torch::zeros({1, 2}), torch::zeros({1, 2}), 1));
}

}  // namespace
}  // namespace manyfold::losses
