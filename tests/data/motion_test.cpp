#include "data/motion.h"

#include <gtest/gtest.h>

#include <cmath>

namespace manyfold::data {
namespace {

/// Blobs of about three pixels, without a repeating pattern: what optical flow can follow.
cv::Mat texture(cv::Size size, int seed) {
  cv::Mat noise(size, CV_8UC3);
  cv::RNG random(static_cast<uint64_t>(seed));
  random.fill(noise, cv::RNG::UNIFORM, 0, 256);
  cv::GaussianBlur(noise, noise, {0, 0}, 1.5);
  cv::normalize(noise, noise, 0, 255, cv::NORM_MINMAX);
  return noise;
}

cv::Vec2f at(const Motion& motion, int x, int y) { return motion.displacement.at<cv::Vec2f>(y, x); }

double share_known(const Motion& motion, const cv::Rect& area) {
  return cv::countNonZero(known(motion)(area)) / static_cast<double>(area.area());
}

/// The known pixel that is furthest from the expected motion.
double worst_error(const Motion& motion, const cv::Vec2f& expected) {
  double worst = 0;
  for (int y = 0; y < motion.displacement.rows; ++y) {
    for (int x = 0; x < motion.displacement.cols; ++x) {
      const double error = cv::norm(at(motion, x, y) - expected);
      if (!std::isnan(error)) worst = std::max(worst, error);
    }
  }
  return worst;
}

TEST(Motion, StillIsZeroAndKnownEverywhere) {
  const auto motion = still_motion({5, 3});
  EXPECT_EQ(cv::norm(motion.displacement), 0);
  EXPECT_EQ(cv::countNonZero(known(motion)), 15);
}

// The map says where a pixel was: one column to the left.
TEST(AffineMotion, OfAShiftIsThatShiftAndWhatWasOutsideIsNotKnown) {
  const auto motion = affine_motion({1, 0, -1, 0, 1, 0}, {4, 3});
  EXPECT_EQ(at(motion, 1, 0), cv::Vec2f(-1, 0));
  EXPECT_EQ(at(motion, 3, 2), cv::Vec2f(-1, 0));
  EXPECT_TRUE(std::isnan(at(motion, 0, 1)[0]) && std::isnan(at(motion, 0, 1)[1]));
  EXPECT_EQ(cv::countNonZero(known(motion)), 9);
}

// Mirroring x -> 4 - x takes column 0 (centre 0.5) to column 3 (centre 3.5).
TEST(AffineMotion, CountsFromThePicturesCornerNotFromAPixelsCentre) {
  const auto motion = affine_motion({-1, 0, 4, 0, 1, 0}, {4, 1});
  EXPECT_EQ(at(motion, 0, 0), cv::Vec2f(3, 0));
  EXPECT_EQ(at(motion, 3, 0), cv::Vec2f(-3, 0));
}

TEST(AffineMotion, IsNotKnownWhereTheMaskSaysSo) {
  cv::Mat mask = cv::Mat::ones(2, 2, CV_8UC1);
  mask.at<uint8_t>(1, 0) = 0;
  const auto motion = affine_motion({1, 0, 0, 0, 1, 0}, {2, 2}, mask);
  EXPECT_TRUE(std::isnan(at(motion, 0, 1)[0]));
  EXPECT_EQ(cv::countNonZero(known(motion)), 3);
  EXPECT_THROW(affine_motion({1, 0, 0, 0, 1, 0}, {3, 2}, mask), std::invalid_argument);
}

// Places on the edge of the picture, half a pixel from the centres of its outer pixels, are inside.
TEST(ForgetWhatWasOutside, KeepsWhatWasInThePicture) {
  Motion motion{(cv::Mat_<cv::Vec2f>(1, 4) << cv::Vec2f(-0.5f, 0), cv::Vec2f(0, 0.6f),
                 cv::Vec2f(1.5f, -0.5f), cv::Vec2f(0.6f, 0))};
  forget_what_was_outside(motion);
  const cv::Mat expected = (cv::Mat_<uint8_t>(1, 4) << 255, 0, 255, 0);
  EXPECT_EQ(cv::norm(known(motion), expected, cv::NORM_INF), 0);
  EXPECT_EQ(at(motion, 2, 0), cv::Vec2f(1.5f, -0.5f));
}

TEST(WarpBack, MovesByWholePixelsExactly) {
  const cv::Mat row = (cv::Mat_<uint8_t>(1, 4) << 10, 20, 30, 40);
  const cv::Mat moved = warp_back(row, affine_motion({1, 0, -1, 0, 1, 0}, {4, 1}));
  const cv::Mat expected = (cv::Mat_<uint8_t>(1, 4) << 0, 10, 20, 30);
  EXPECT_EQ(cv::norm(moved, expected, cv::NORM_INF), 0);
}

TEST(WarpBack, BlendsNeighboursAndKeepsWhatIsNotKnownAtZero) {
  const cv::Mat row = (cv::Mat_<float>(1, 4) << 0, 1, 0.5, 0.25);
  auto motion = affine_motion({1, 0, 0.25, 0, 1, 0}, {4, 1});
  motion.displacement.at<cv::Vec2f>(0, 1) = cv::Vec2f(NAN, NAN);
  const cv::Mat moved = warp_back(row, motion);
  // .75 * 0 + .25 * 1; not known; .75 * .5 + .25 * .25; the edge is continued
  const cv::Mat expected = (cv::Mat_<float>(1, 4) << 0.25, 0, 0.4375, 0.25);
  EXPECT_LT(cv::norm(moved, expected, cv::NORM_INF), 1e-6);
}

TEST(WarpBack, TakesPicturesToo) {
  const cv::Mat picture = texture({20, 10}, 1);
  const cv::Mat moved = warp_back(picture, affine_motion({1, 0, 2, 0, 1, 3}, {20, 10}));
  EXPECT_EQ(moved.at<cv::Vec3b>(4, 5), picture.at<cv::Vec3b>(7, 7));
}

// The camera moves over a larger picture: what is at x was at x + 3, what is at y was at y - 2.
TEST(EstimatedMotion, FollowsAKnownShift) {
  const cv::Mat world = texture({200, 150}, 2);
  const cv::Mat before = world({20, 20, 160, 120}), now = world({23, 18, 160, 120});
  const auto motion = estimated_motion(before, now);
  EXPECT_LT(worst_error(motion, {3, -2}), 0.3);
  EXPECT_GT(share_known(motion, {8, 8, 144, 104}), 0.95);
  // The columns on the right have come from outside.
  EXPECT_LT(share_known(motion, {157, 0, 3, 120}), 0.1);
}

TEST(EstimatedMotion, OfOnePictureIsNone) {
  const cv::Mat picture = texture({96, 64}, 3);
  const auto motion = estimated_motion(picture, picture);
  EXPECT_LT(worst_error(motion, {0, 0}), 0.01);
  EXPECT_GT(share_known(motion, {0, 0, 96, 64}), 0.99);
}

// A square goes 8 pixels to the right before a background that stays: the 8 columns that it
// uncovers were not to be seen before.
TEST(EstimatedMotion, IsMostlyUnknownWhereSomethingWasHidden) {
  const cv::Mat background = texture({160, 120}, 4), square = texture({48, 48}, 5);
  cv::Mat before = background.clone(), now = background.clone();
  square.copyTo(before({50, 36, 48, 48}));
  square.copyTo(now({58, 36, 48, 48}));
  const auto motion = estimated_motion(before, now);
  EXPECT_LT(share_known(motion, {50, 40, 8, 40}), 0.3);
  EXPECT_GT(share_known(motion, {66, 44, 32, 32}), 0.9);  // the square itself
  EXPECT_GT(share_known(motion, {8, 8, 32, 104}), 0.95);  // the background beside it
}

TEST(EstimatedMotion, RefusesPicturesThatDoNotGoTogether) {
  const cv::Mat picture = texture({32, 32}, 6);
  EXPECT_THROW(estimated_motion(picture, picture.rowRange(0, 20)), std::invalid_argument);
  EXPECT_THROW(estimated_motion(cv::Mat::zeros(32, 32, CV_8UC1), picture), std::invalid_argument);
}

}  // namespace
}  // namespace manyfold::data
