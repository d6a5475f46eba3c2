#include "train/autocast.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace manyfold::train {
namespace {

/// The type in which a convolution of floats runs now.
torch::ScalarType type_of_a_convolution() {
  const auto x = torch::ones({1, 2, 4, 4}), weight = torch::ones({3, 2, 3, 3});
  return torch::conv2d(x, weight).scalar_type();
}

TEST(Autocast, ConvolutionsRunInTheTypeWhileTheGuardLives) {
  EXPECT_EQ(type_of_a_convolution(), torch::kFloat);
  {
    const AutocastGuard guard(torch::kCPU, torch::kBFloat16);
    EXPECT_EQ(type_of_a_convolution(), torch::kBFloat16);
  }
  EXPECT_EQ(type_of_a_convolution(), torch::kFloat);
}

TEST(Autocast, AnInnerGuardLeavesTheOuterOneOn) {
  const AutocastGuard outer(torch::kCPU, torch::kBFloat16);
  {
    const AutocastGuard inner(torch::kCPU, torch::kBFloat16);
    EXPECT_EQ(type_of_a_convolution(), torch::kBFloat16);
  }
  EXPECT_EQ(type_of_a_convolution(), torch::kBFloat16);
}

TEST(Autocast, AnErrorEndsIt) {
  try {
    const AutocastGuard guard(torch::kCPU, torch::kBFloat16);
    throw std::runtime_error("");
  } catch (const std::runtime_error&) {
  }
  EXPECT_EQ(type_of_a_convolution(), torch::kFloat);
}

// LibTorch keeps converted weights while a guard lives; a step must not get those of the last one.
TEST(Autocast, AWeightThatChangedIsConvertedAnew) {
  const auto x = torch::ones({1, 1, 1, 1});
  auto weight = torch::ones({1, 1, 1, 1}, torch::requires_grad());
  for (const float value : {2.0F, 3.0F}) {
    {
      const torch::NoGradGuard no_grad;
      weight.fill_(value);
    }
    const AutocastGuard guard(torch::kCPU, torch::kBFloat16);
    EXPECT_EQ(torch::conv2d(x, weight).item<float>(), value);
  }
}

TEST(Autocast, GradientsOfFloatParametersAreFloat) {
  auto weight = torch::ones({1, 1, 1, 1}, torch::requires_grad());
  torch::Tensor y;
  {
    const AutocastGuard guard(torch::kCPU, torch::kBFloat16);
    y = torch::conv2d(torch::full({1, 1, 1, 1}, 3.0F), weight);
  }
  y.backward();
  EXPECT_EQ(weight.grad().scalar_type(), torch::kFloat);
  EXPECT_EQ(weight.grad().item<float>(), 3);
}

}  // namespace
}  // namespace manyfold::train
