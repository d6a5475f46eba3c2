#include "data/augment/affine.h"

#include <gtest/gtest.h>

namespace manyfold::data {
namespace {

void expect_near(cv::Point2f a, cv::Point2f b) {
  EXPECT_NEAR(a.x, b.x, 1e-4);
  EXPECT_NEAR(a.y, b.y, 1e-4);
}

TEST(Affine, TurnsClockwiseOnTheScreen) { expect_near(apply(rotation(90), {1, 0}), {0, 1}); }

TEST(Affine, TheProductAppliesTheRightSideFirst) {
  expect_near(apply(shift(10, 0) * scale(2, 3), {1, 1}), {12, 3});
}

TEST(Affine, ATurnedBoxIsTheUprightBoxAroundIt) {
  const auto box = apply(rotation(90), cv::Rect2f(1, 2, 3, 4));  // (x, y) -> (-y, x)
  expect_near(box.tl(), {-6, 1});
  expect_near(box.br(), {-2, 4});
}

TEST(Fit, LetterboxCentresTheWholePicture) {
  const auto geometry = fit({320, 240}, {160, 160});
  EXPECT_EQ(geometry.size, cv::Size(160, 160));
  expect_near(apply(geometry.map, {0, 0}), {0, 20});
  expect_near(apply(geometry.map, {320, 240}), {160, 140});
}

TEST(Fit, LetterboxOfATallPictureInAWideNetwork) {
  const auto geometry = fit({100, 200}, {192, 96});
  expect_near(apply(geometry.map, {0, 0}), {72, 0});
  expect_near(apply(geometry.map, {100, 200}), {120, 96});
}

TEST(Fit, StretchFillsBothSides) {
  const auto geometry = fit({320, 240}, {160, 160}, Fit::stretch);
  expect_near(apply(geometry.map, {320, 240}), {160, 160});
}

TEST(Fit, TheInverseLeadsBack) {
  const auto geometry = fit({317, 211}, {160, 128});
  expect_near(apply(geometry.map.inv(), apply(geometry.map, {12, 34})), {12, 34});
}

}  // namespace
}  // namespace manyfold::data
