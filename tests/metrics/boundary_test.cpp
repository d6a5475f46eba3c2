#include "metrics/boundary.h"

#include <gtest/gtest.h>

#include <cmath>

namespace manyfold::metrics {
namespace {

cv::Mat square(int x, int y, int side = 6, cv::Size size = {20, 20}) {
  cv::Mat mask = cv::Mat::zeros(size, CV_8UC1);
  mask(cv::Rect(x, y, side, side)) = 1;
  return mask;
}

double f1(const cv::Mat& a, const cv::Mat& b, double radius) {
  return compare_boundaries(a, b, radius).f1();
}

TEST(Boundary, AContourIsTheOutermostPixelsOfAMask) {
  EXPECT_EQ(cv::countNonZero(contour(square(5, 5))), 20);  // 4 * 6 - 4
  EXPECT_EQ(cv::countNonZero(contour(square(5, 5, 1))), 1);
  EXPECT_EQ(cv::countNonZero(contour(square(5, 5, 0))), 0);
}

TEST(Boundary, ThePicturesEdgeIsNoContour) {
  // Two of the four sides lie on the edge: 6 + 6 - 1 pixels border on the background.
  EXPECT_EQ(cv::countNonZero(contour(square(0, 0))), 11);
  EXPECT_EQ(cv::countNonZero(contour(cv::Mat::ones(8, 8, CV_8UC1))), 0);
}

TEST(Boundary, ShiftedSquaresAgreeMoreWithAWiderReach) {
  const cv::Mat a = square(5, 5), b = square(7, 5);
  EXPECT_DOUBLE_EQ(f1(a, b, 0), 0.4);
  EXPECT_DOUBLE_EQ(f1(a, b, 1), 0.6);
  EXPECT_DOUBLE_EQ(f1(a, b, 2), 1.0);
}

TEST(Boundary, ReachIsEuclidean) {
  // Single pixels a knight's move apart: sqrt(5) = 2.236.
  EXPECT_EQ(f1(square(5, 5, 1), square(7, 6, 1), 2.2), 0);
  EXPECT_EQ(f1(square(5, 5, 1), square(7, 6, 1), 2.24), 1);
}

TEST(Boundary, OneEmptyMaskScoresZeroAndTwoScoreNothing) {
  EXPECT_EQ(f1(square(5, 5), square(0, 0, 0), 2), 0);
  EXPECT_EQ(f1(square(0, 0, 0), square(5, 5), 2), 0);
  EXPECT_TRUE(std::isnan(f1(square(0, 0, 0), square(0, 0, 0), 2)));
}

TEST(Boundary, ContoursBesideTheUnknownAreNotCounted) {
  // The right half of the truth is unknown: of its contour the left side counts (6 pixels) and, of
  // the sides running right, what is not next to the unknown (columns 6 and 7 above and below).
  const cv::Mat mask = square(5, 5);
  cv::Mat ignored = cv::Mat::zeros(mask.size(), CV_8UC1);
  ignored.colRange(9, 20) = 255;
  const BoundaryCounts counts = compare_boundaries(mask, mask, 0, ignored);
  EXPECT_EQ(counts.truth, 6 + 2 * 2);
  EXPECT_EQ(counts.truth_near, 10);
  EXPECT_EQ(counts.predicted, 10);
}

TEST(Boundary, CountsAddUpOverPictures) {
  BoundaryCounts sum = compare_boundaries(square(5, 5), square(5, 5), 0);
  sum += compare_boundaries(square(5, 5), square(7, 5), 0);
  EXPECT_DOUBLE_EQ(sum.f1(), 28.0 / 40);  // 20 of 20 and 8 of 20, both ways
}

}  // namespace
}  // namespace manyfold::metrics
