#include "metrics/temporal/warped_iou.h"

#include <gtest/gtest.h>

#include <cmath>

namespace manyfold::metrics {
namespace {

cv::Mat row(const std::vector<uint8_t>& values) { return cv::Mat(values, true).reshape(1, 1); }

data::Motion moving(float x, int width) { return {cv::Mat(1, width, CV_32FC2, cv::Scalar(x, 0))}; }

TEST(Overlap, IsIntersectionOverUnionOfTheCountedPixels) {
  const Mean all = overlap(row({1, 1, 1, 0, 0}), row({0, 5, 5, 5, 0}));
  EXPECT_EQ(all.sum, 2);
  EXPECT_EQ(all.count, 4);
  EXPECT_DOUBLE_EQ(
      overlap(row({1, 1, 1, 0, 0}), row({0, 5, 5, 5, 0}), row({0, 1, 1, 1, 1})).value(), 2. / 3);
  EXPECT_TRUE(std::isnan(overlap(row({0, 0}), row({0, 0})).value()));
}

TEST(WarpedOverlap, OfAMaskThatMovesAsThePictureIsWhole) {
  // Everything goes one pixel to the right: each pixel was one to the left.
  const auto before = row({0, 1, 1, 0, 0}), after = row({0, 0, 1, 1, 0});
  EXPECT_DOUBLE_EQ(warped_overlap(before, after, moving(-1, 5)).value(), 1);
  EXPECT_DOUBLE_EQ(warped_overlap(before, after, moving(0, 5)).value(), 1. / 3);
  EXPECT_DOUBLE_EQ(warped_overlap(before, before, moving(-1, 5)).value(), 1. / 3);  // frozen
}

TEST(WarpedOverlap, IsInsideFromAHalfOn) {
  const auto before = row({0, 1, 1, 0, 0});
  // The mask moved by .75 covers .25, 1, .75 of columns 1 to 3; by .25: .75, 1, .25.
  EXPECT_DOUBLE_EQ(warped_overlap(before, row({0, 0, 1, 1, 0}), moving(-0.75f, 5)).value(), 1);
  EXPECT_DOUBLE_EQ(warped_overlap(before, before, moving(-0.25f, 5)).value(), 1);
}

TEST(WarpedOverlap, LeavesOutPixelsOfUnknownMotionAndThoseThatDoNotCount) {
  auto motion = moving(0, 4);
  motion.displacement.at<cv::Vec2f>(0, 2) = {NAN, NAN};
  const auto before = row({1, 1, 0, 0}), after = row({1, 1, 1, 1});
  EXPECT_DOUBLE_EQ(warped_overlap(before, after, motion).value(), 2. / 3);
  EXPECT_DOUBLE_EQ(warped_overlap(before, after, motion, row({0, 1, 1, 1})).value(), 1. / 2);
}

TEST(WarpedOverlap, RefusesSizesThatDoNotGoTogether) {
  EXPECT_THROW(overlap(row({1}), row({1, 0})), std::invalid_argument);
  EXPECT_THROW(warped_overlap(row({1, 0}), row({1, 0}), moving(0, 3)), std::invalid_argument);
}

}  // namespace
}  // namespace manyfold::metrics
