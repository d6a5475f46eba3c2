#include "losses/consistency.h"

#include "testing.h"

namespace manyfold::losses {
namespace {

using torch::Tensor;

/// One row of pixels as [1, 1, 1, W].
Tensor row(const std::vector<float>& values) { return torch::tensor(values).view({1, 1, 1, -1}); }

/// Every pixel was (x, y) pixels away in the frame before: [1, H, W, 2].
Tensor moving(double x, double y, int64_t height, int64_t width) {
  return torch::tensor({x, y}, torch::kFloat).expand({1, height, width, 2}).clone();
}

const std::vector<float> kEarlier = {0.9f, 0.8f, 0.1f, 0.2f}, kLater = {0.7f, 0.8f, 0.3f, 0.9f};

TEST(WarpBack, ContinuesTheEdge) {
  expect_close(warp_back(row({0, 1, 2, 3}), moving(1, 0, 1, 4)), row({1, 2, 3, 3}));
  expect_close(warp_back(row({0, 1, 2, 3}), moving(-2, 0, 1, 4)), row({0, 0, 0, 1}));
}

TEST(WarpBack, BlendsNeighbours) {
  expect_close(warp_back(row({0, 1, 2, 4}), moving(0.5, 0, 1, 4)), row({0.5, 1.5, 3, 4}));
}

TEST(WarpBack, MovesRowsByTheSecondNumber) {
  const auto picture = torch::arange(6, torch::kFloat).view({1, 1, 3, 2});
  expect_close(warp_back(picture, moving(0, 1, 3, 2)).flatten(),
               torch::tensor({2.f, 3.f, 4.f, 5.f, 4.f, 5.f}));
}

// The change of the four pixels is .2, 0, .2, .7.
TEST(WarpedConsistency, OfWhatStandsStillIsTheMeanChangeOfKnownPixels) {
  auto motion = moving(0, 0, 1, 4);
  EXPECT_NEAR(warped_consistency(row(kEarlier), row(kLater), motion).item<double>(), 1.1 / 4, 1e-6);
  motion[0][0][3].fill_(NAN);
  EXPECT_NEAR(warped_consistency(row(kEarlier), row(kLater), motion).item<double>(), 0.133333,
              1e-6);
}

// Everything goes one column to the right: each pixel was one to the left.
TEST(WarpedConsistency, OfAMaskThatMovesWithThePictureIsZero) {
  torch::manual_seed(0);
  const auto earlier = torch::rand({1, 2, 5, 6});
  const auto later = torch::rand({1, 2, 5, 6});
  later.narrow(3, 1, 5).copy_(earlier.narrow(3, 0, 5));
  auto motion = moving(-1, 0, 5, 6);
  motion.select(2, 0).fill_(NAN);  // has come in
  EXPECT_NEAR(warped_consistency(earlier, later, motion).item<double>(), 0, 1e-6);
  EXPECT_GT(warped_consistency(earlier, later, moving(0, 0, 5, 6)).item<double>(), 0.1);
}

// dI = .1 in each of three channels: exp(-50 * .03).
TEST(PictureAgreement, FallsWithTheSquareOfTheDifference) {
  const auto earlier = torch::full({1, 3, 1, 2}, 0.5);
  auto later = earlier.clone();
  later.select(3, 1) += 0.1;
  const auto weight = picture_agreement(earlier, later, moving(0, 0, 1, 2));
  expect_close(weight.flatten(), torch::tensor({1., 0.223130}));
  // (.2 * 1 + .4 * .22313) / 2
  EXPECT_NEAR(warped_consistency(row({0.1f, 0.5f}), row({0.3f, 0.9f}), moving(0, 0, 1, 2), weight)
                  .item<double>(),
              0.144626, 1e-6);
}

TEST(PictureAgreement, ComparesWithThePictureThatHasMoved) {
  torch::manual_seed(0);
  const auto earlier = torch::rand({1, 3, 2, 4});
  const auto later = earlier.roll(1, 3);
  const auto weight = picture_agreement(earlier, later, moving(-1, 0, 2, 4));
  expect_close(weight.narrow(2, 1, 3), torch::ones({1, 2, 3}));
}

TEST(WarpedConsistency, HasTheGradientOfItsDifferences) {
  torch::manual_seed(0);
  const auto earlier = torch::rand({1, 2, 3, 4}).set_requires_grad(true);
  const auto later =
      (torch::rand({1, 2, 3, 4}) + 1.1).set_requires_grad(true);  // far from |x|'s kink
  auto motion = torch::randn({1, 3, 4, 2});
  motion[0][1][2].fill_(NAN);
  const auto weight = torch::rand({1, 3, 4});
  const auto of_earlier = [&](const Tensor& x) {
    return warped_consistency(x, later, motion, weight);
  };
  const auto of_later = [&](const Tensor& x) {
    return warped_consistency(earlier, x, motion, weight);
  };
  of_later(later).backward();
  expect_close(earlier.grad(), numeric_gradient(of_earlier, earlier, 1e-2), 1e-4);
  expect_close(later.grad(), numeric_gradient(of_later, later, 1e-2), 1e-4);
  EXPECT_EQ(later.grad()[0][0][1][2].item<double>(), 0);
}

TEST(WarpedConsistency, TeachesOnlyTheLaterFrameWhenTheEarlierIsDetached) {
  const auto earlier = row(kEarlier).set_requires_grad(true);
  const auto later = row(kLater).set_requires_grad(true);
  warped_consistency(earlier.detach(), later, moving(0, 0, 1, 4)).backward();
  EXPECT_FALSE(earlier.grad().defined());
  // The sign of each change, over four pixels.
  expect_close(later.grad().flatten(), torch::tensor({-0.25, 0., 0.25, 0.25}));
}

TEST(Consistency, IsZeroWithAZeroGradientWhereNothingCounts) {
  const auto earlier = torch::rand({2, 2, 3, 4}).set_requires_grad(true);
  const auto later = torch::rand({2, 2, 3, 4}).set_requires_grad(true);
  const auto loss =
      warped_consistency(earlier, later, torch::full({2, 3, 4, 2}, NAN)) +
      class_consistency(earlier.flatten(1), later.flatten(1), torch::zeros(2, torch::kBool));
  EXPECT_EQ(loss.item<double>(), 0);
  loss.backward();
  expect_close(earlier.grad(), torch::zeros_like(earlier));
  expect_close(later.grad(), torch::zeros_like(later));
}

// (.7, .2, .1) to (.5, .4, .1): .04 + .04; the second pair is not of one class.
TEST(ClassConsistency, SumsTheSquaresOverTheClasses) {
  const auto earlier = torch::tensor({{0.7f, 0.2f, 0.1f}, {1.f, 0.f, 0.f}});
  const auto later = torch::tensor({{0.5f, 0.4f, 0.1f}, {0.f, 1.f, 0.f}});
  EXPECT_NEAR(class_consistency(earlier, later, torch::tensor({true, false})).item<double>(), 0.08,
              1e-6);
  EXPECT_NEAR(class_consistency(earlier, later, torch::tensor({true, true})).item<double>(), 1.04,
              1e-6);
}

TEST(Consistency, RefusesShapesThatDoNotGoTogether) {
  const auto p = torch::rand({1, 2, 3, 4});
  EXPECT_THROW(warped_consistency(p, p.narrow(1, 0, 1), torch::zeros({1, 3, 4, 2})), c10::Error);
  EXPECT_THROW(warped_consistency(p, p, torch::zeros({1, 4, 3, 2})), c10::Error);
  EXPECT_THROW(warped_consistency(p, p, torch::zeros({1, 3, 4, 2}), torch::ones({3, 4})),
               c10::Error);
  EXPECT_THROW(class_consistency(p, p, torch::ones(1, torch::kBool)), c10::Error);
}

}  // namespace
}  // namespace manyfold::losses
