#include "losses/segmentation.h"

#include "testing.h"

namespace manyfold::losses {
namespace {

using torch::Tensor;

/// One row of pixels, as logits [1, 1, 1, W] from probabilities and as a mask [1, 1, W].
Tensor logits_of(const std::vector<float>& p) {
  return torch::logit(torch::tensor(p)).view({1, 1, 1, -1});
}
Tensor mask_of(const std::vector<int64_t>& classes) {
  return torch::tensor(classes).to(torch::kByte).view({1, 1, -1});
}

const std::vector<float> kP = {0.9f, 0.8f, 0.1f, 0.2f};

// p = (.9, .8, .1, .2) against (1, 1, 0, 0): -(2 ln .9 + 2 ln .8) / 4.
TEST(PixelCrossEntropy, GivesTheHandSum) {
  EXPECT_NEAR(pixel_cross_entropy(logits_of(kP), mask_of({1, 1, 0, 0})).item<double>(), 0.164252,
              1e-6);
}

TEST(PixelCrossEntropy, OfTwoLogitsEqualsThatOfTheirDifference) {
  torch::manual_seed(0);
  const auto two = torch::randn({2, 2, 3, 4});
  const auto mask = torch::randint(0, 2, {2, 3, 4}).to(torch::kByte);
  mask[0][1].fill_(255);
  const auto one = two.narrow(1, 1, 1) - two.narrow(1, 0, 1);
  EXPECT_NEAR(pixel_cross_entropy(two, mask).item<double>(),
              pixel_cross_entropy(one, mask).item<double>(), 1e-6);
}

TEST(PixelCrossEntropy, LeavesIgnoredPixelsOut) {
  const auto x = logits_of({0.9f, 0.8f, 0.5f}).set_requires_grad(true);
  const auto loss = pixel_cross_entropy(x, mask_of({1, 255, 0}));
  EXPECT_NEAR(loss.item<double>(), -(std::log(0.9) + std::log(0.5)) / 2, 1e-6);
  loss.backward();
  expect_close(x.grad().flatten(), torch::tensor({-0.05, 0., 0.25}));
}

TEST(PixelLosses, AreZeroWithZeroGradientWithoutLabels) {
  for (const int64_t classes : {1, 3}) {
    const auto x = torch::randn({2, classes, 3, 4}).set_requires_grad(true);
    const auto mask = torch::full({2, 3, 4}, 255, torch::kByte);
    const auto loss =
        pixel_cross_entropy(x, mask) + hard_pixel_cross_entropy(x, mask) + dice_loss(x, mask);
    EXPECT_EQ(loss.item<double>(), 0);
    loss.backward();
    expect_close(x.grad(), torch::zeros_like(x));
  }
}

TEST(PixelLosses, RefuseMasksOfAnotherSize) {
  const auto x = torch::zeros({2, 1, 3, 4});
  const auto mask = torch::zeros({2, 4, 3}, torch::kByte);
  EXPECT_THROW(pixel_cross_entropy(x, mask), c10::Error);
  EXPECT_THROW(hard_pixel_cross_entropy(x, mask), c10::Error);
  EXPECT_THROW(dice_loss(x, mask), c10::Error);
}

// min_kept = 2: loss[2] = .5 is over .357, so that all over it count: (2.3 + 1.2 + .5) / 3.
// min_kept = 5: loss[5] = .1 is not, so that the first five count: 4.5 / 5.
TEST(HardMean, KeepsWhatIsOverTheThresholdOrTheHardest) {
  const auto losses = torch::tensor({0.5, 0.01, 2.3, 0.1, 1.2, 0.3, 0.05, 0.2});
  EXPECT_NEAR(hard_mean(losses, 0.356675, 2).item<double>(), 4.0 / 3, 1e-6);
  EXPECT_NEAR(hard_mean(losses, 0.356675, 5).item<double>(), 0.9, 1e-6);
  EXPECT_NEAR(hard_mean(losses, 0.356675, 100).item<double>(), 4.66 / 8, 1e-6);
}

TEST(HardPixelCrossEntropy, NeverKeepsIgnoredPixels) {
  // Of two labelled pixels, both easy, the harder one is kept: -ln .8.
  const auto loss =
      hard_pixel_cross_entropy(logits_of(kP), mask_of({1, 1, 255, 255}), 0.356675, 0.5);
  EXPECT_NEAR(loss.item<double>(), 0.223144, 1e-5);
}

// Overlap 1.7, sums 2 and 2: 1 - (3.4 + 1) / (4 + 1), and 1 - 3.4 / 4 unsmoothed.
TEST(DiceLoss, GivesTheHandSum) {
  const auto mask = mask_of({1, 1, 0, 0});
  EXPECT_NEAR(dice_loss(logits_of(kP), mask).item<double>(), 0.12, 1e-6);
  EXPECT_NEAR(dice_loss(logits_of(kP), mask, 0).item<double>(), 0.15, 1e-6);
}

TEST(DiceLoss, OfAnEmptyMaskIsOneMinusOneOverOnePlusTheProbabilities) {
  EXPECT_NEAR(dice_loss(logits_of({0.3f, 0.2f}), mask_of({0, 0})).item<double>(), 1 - 1 / 1.5,
              1e-6);
}

TEST(DiceLoss, AveragesLabelledPicturesOnly) {
  const auto x = torch::cat({logits_of(kP), torch::zeros({1, 1, 1, 4})});
  const auto mask = torch::cat({mask_of({1, 1, 0, 0}), mask_of({255, 255, 255, 255})});
  EXPECT_NEAR(dice_loss(x, mask).item<double>(), 0.12, 1e-6);
}

TEST(BoundaryLoss, WeighsProbabilitiesByTheirDistance) {
  const auto distance = torch::tensor({-2.f, -1.f, 1.f, NAN}).view({1, 1, 4});
  // (-2 * .9 - .8 + .1) / 3
  EXPECT_NEAR(boundary_loss(logits_of(kP), distance, mask_of({1, 1, 0, 255})).item<double>(),
              -2.5 / 3, 1e-6);
}

}  // namespace
}  // namespace manyfold::losses
