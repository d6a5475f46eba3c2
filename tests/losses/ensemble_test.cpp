#include "losses/ensemble.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "losses/imitation.h"

namespace manyfold::losses {
namespace {

using torch::Tensor;

/// Logits of probabilities for one row, plus a constant that says nothing.
Tensor logits(std::vector<double> probabilities, double constant = 0) {
  return (torch::tensor(probabilities, torch::kDouble).log() + constant).unsqueeze(0);
}

// (0.8 + 3 * 0.4) / 4 = 0.5
TEST(BlendScores, IsTheMeanOfProbabilities) {
  const auto blended = blend_scores({logits({0.8, 0.2}, 9), logits({0.4, 0.6})}, {1, 3}, 1, false);
  EXPECT_TRUE(torch::allclose(blended.softmax(1), torch::full({1, 2}, 0.5, torch::kDouble)));
}

// Weights 0.8 and 3 * 0.6: (0.8 * 0.8 + 1.8 * 0.4) / 2.6
TEST(BlendScores, ByConfidenceListensToWhoIsSure) {
  const auto blended = blend_scores({logits({0.8, 0.2}), logits({0.4, 0.6})}, {1, 3}, 1, true);
  EXPECT_NEAR(blended.softmax(1)[0][0].item<double>(), 1.36 / 2.6, 1e-9);
}

TEST(BlendScores, MeansProbabilitiesAtTheTemperature) {
  torch::manual_seed(1);
  const auto a = torch::randn({2, 3, 2, 2}, torch::kDouble) * 4, b = torch::randn_like(a);
  const auto mean = ((a / 4).softmax(1) + (b / 4).softmax(1)) / 2;
  const auto blended = blend_scores({a, b}, {1, 1}, 4, false);
  EXPECT_TRUE(torch::allclose((blended / 4).softmax(1), mean));
  EXPECT_NEAR(imitate_scores(mean.log() * 4, blended, 4).item<double>(), 0, 1e-12);
}

TEST(BlendScores, OfOneChannelMeansSigmoids) {
  const auto a = torch::full({1, 1, 1, 1}, std::log(4.0)), b = torch::zeros({1, 1, 1, 1});
  EXPECT_NEAR(blend_scores({a, b}, {1, 1}, 1, false).sigmoid().item<double>(), 0.65, 1e-6);
  // Weights 0.8 and 0.5: (0.64 + 0.25) / 1.3
  EXPECT_NEAR(blend_scores({a, b}, {1, 1}, 1, true).sigmoid().item<double>(), 0.89 / 1.3, 1e-6);
}

TEST(BlendScores, StaysFiniteForLargeNumbers) {
  const auto a = torch::tensor({500.0F, -500.0F}).view({1, 2});
  EXPECT_TRUE(blend_scores({a, -a}, {1, 1}, 1, true).isfinite().all().item<bool>());
  EXPECT_NEAR(blend_scores({a, -a}, {1, 1}, 1, false).softmax(1)[0][0].item<double>(), 0.5, 1e-6);
}

TEST(BlendScores, RefusesUnequalShapesAndMissingWeights) {
  const auto a = torch::zeros({1, 2});
  EXPECT_ANY_THROW(blend_scores({a, torch::zeros({1, 3})}, {1, 1}, 1, false));
  EXPECT_ANY_THROW(blend_scores({a, a}, {1}, 1, false));
  EXPECT_ANY_THROW(blend_scores({}, {}, 1, false));
}

// Confidences 0.8 with weight 1 and 0.5 with weight 2: mean 0.6; boxes by 0.8 and 1.0.
TEST(BlendObjects, WeighsBoxesByConfidence) {
  DetectorOptions options;
  options.landmarks = 0;
  options.anchors = {0.5, 0.5};
  auto a = torch::zeros({1, 5, 1, 1}, torch::kDouble), b = torch::zeros_like(a);
  a[0][4][0][0] = std::log(4.0);
  a[0][2][0][0] = 0.9;
  b[0][3][0][0] = 1.8;
  const auto blended = blend_objects({{a}, {b}}, {1, 2}, options).at(0).flatten();
  EXPECT_NEAR(blended[4].sigmoid().item<double>(), 0.6, 1e-9);
  EXPECT_NEAR(blended[2].item<double>(), 0.9 * 0.8 / 1.8, 1e-9);
  EXPECT_NEAR(blended[3].item<double>(), 1.8 * 1.0 / 1.8, 1e-9);
}

// Confidences 0.9 and 0.04: the second's box counts nowhere, as a cache has not kept it.
TEST(BlendObjects, IsTheSameOfWhatACacheKeeps) {
  DetectorOptions options;
  options.landmarks = 0;
  options.anchors = {0.5, 0.5};
  auto a = torch::zeros({1, 5, 1, 1}, torch::kDouble), b = torch::zeros_like(a);
  a[0][4][0][0] = std::log(9.0);
  b[0][4][0][0] = std::log(0.04 / 0.96);
  a[0][2][0][0] = 0.7;
  b[0][2][0][0] = 5;
  const auto whole = blend_objects({{a}, {b}}, {1, 1}, options).at(0);
  EXPECT_NEAR(whole.flatten()[2].item<double>(), 0.7, 1e-9);
  EXPECT_TRUE(torch::equal(
      whole, blend_objects({essence_of_objects({a}, options), essence_of_objects({b}, options)},
                           {1, 1}, options)
                 .at(0)));
}

TEST(BlendObjects, OfOneIsItself) {
  torch::manual_seed(1);
  DetectorOptions options;
  options.landmarks = 2;
  const auto raw = torch::randn({2, 27, 3, 3}, torch::kDouble);
  EXPECT_TRUE(torch::allclose(blend_objects({{raw}}, {2}, options).at(0), raw));
}

// Both grids: class 0 at 0.8 and 0.5 with weights 1 and 2, mean 0.6; class 1 at 0.1 and 0.9, mean
// 1.9 / 3. Boxes by the larger of both, 0.8 and 2 * 0.9.
TEST(BlendObjects, BlendsEveryGridAndClass) {
  DetectorOptions options;
  options.classes = 2;
  options.landmarks = 0;
  options.strides = {8, 16};
  options.anchors = {0.2, 0.2, 0.5, 0.5};
  auto a = torch::zeros({1, 6, 1, 1}, torch::kDouble), b = torch::zeros_like(a);
  a[0][2][0][0] = 1.3;
  b[0][3][0][0] = 2.6;
  a[0][4][0][0] = std::log(4.0);
  a[0][5][0][0] = -std::log(9.0);
  b[0][5][0][0] = std::log(9.0);
  const auto blended = blend_objects({{a, a}, {b, b}}, {1, 2}, options);
  ASSERT_EQ(blended.size(), 2U);
  for (const auto& level : blended) {
    const auto numbers = level.flatten();
    EXPECT_NEAR(numbers[2].item<double>(), 1.3 * 0.8 / 2.6, 1e-9);
    EXPECT_NEAR(numbers[3].item<double>(), 2.6 * 1.8 / 2.6, 1e-9);
    EXPECT_NEAR(numbers[4].sigmoid().item<double>(), 0.6, 1e-9);
    EXPECT_NEAR(numbers[5].sigmoid().item<double>(), 1.9 / 3, 1e-9);
  }
  EXPECT_ANY_THROW(blend_objects({{a}, {b}}, {1, 1}, options));
}

}  // namespace
}  // namespace manyfold::losses
