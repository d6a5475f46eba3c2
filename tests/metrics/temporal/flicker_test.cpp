#include "metrics/temporal/flicker.h"

#include <gtest/gtest.h>

#include <cmath>

namespace manyfold::metrics {
namespace {

template <class T>
cv::Mat row(const std::vector<T>& values) {
  return cv::Mat(values, true).reshape(1, 1);
}

const cv::Mat kBefore = row<float>({0.9f, 0.8f, 0.1f, 0.2f});
const cv::Mat kAfter = row<float>({0.7f, 0.8f, 0.3f, 0.9f});

// (.2 + 0 + .2) / 3: the last pixel is not static.
TEST(Flicker, IsTheMeanChangeOfTheCountedPixels) {
  EXPECT_NEAR(flicker(kBefore, kAfter, row<uint8_t>({1, 1, 1, 0})).value(), 0.133333, 1e-6);
  EXPECT_NEAR(flicker(kBefore, kAfter).value(), 1.1 / 4, 1e-6);
}

TEST(Flicker, OfClassesIsTheShareThatChanges) {
  const Mean mean = flicker(row<uint8_t>({0, 3, 1, 1, 2}), row<uint8_t>({0, 1, 1, 2, 2}),
                            row<uint8_t>({1, 1, 1, 1, 0}));
  EXPECT_EQ(mean.count, 4);
  EXPECT_DOUBLE_EQ(mean.value(), 0.5);
}

TEST(Flicker, OfNoPixelIsNotANumber) {
  EXPECT_TRUE(std::isnan(flicker(kBefore, kAfter, row<uint8_t>({0, 0, 0, 0})).value()));
}

TEST(Flicker, RefusesMasksThatDoNotGoTogether) {
  EXPECT_THROW(flicker(kBefore, kAfter.colRange(0, 2)), std::invalid_argument);
  EXPECT_THROW(flicker(kBefore, row<uint8_t>({0, 0, 0, 0})), std::invalid_argument);
}

// Changes -.2, 0, .2, .7 against a truth that stays, and against one whose last pixel becomes 1.
TEST(ChangeError, IsTheSquaredDifferenceOfTheChanges) {
  const cv::Mat truth = row<float>({1, 1, 0, 0}), moved = row<float>({1, 1, 0, 1});
  EXPECT_NEAR(change_error(kBefore, kAfter, truth, truth).value(), 0.57 / 4, 1e-6);
  EXPECT_NEAR(change_error(kBefore, kAfter, truth, moved).value(), 0.17 / 4, 1e-6);
  EXPECT_NEAR(change_error(kBefore, kAfter, truth, moved, row<uint8_t>({1, 1, 1, 0})).value(),
              0.08 / 3, 1e-6);
}

TEST(ChangeError, PunishesAFrozenPrediction) {
  const cv::Mat truth = row<float>({1, 1, 0, 0}), moved = row<float>({0, 1, 1, 0});
  EXPECT_DOUBLE_EQ(change_error(kBefore, kBefore, truth, moved).value(), 0.5);
}

// A disc of 20 levels moves; a slow drift of one level everywhere is not motion.
TEST(StaticPixels, AreThoseWhosePictureStays) {
  cv::Mat before(20, 30, CV_8UC3, cv::Scalar(50, 100, 150)), after = before + cv::Scalar(1, 1, 1);
  after(cv::Rect(10, 5, 6, 6)) += cv::Scalar(0, 0, 20);  // one channel is enough
  const cv::Mat still = static_pixels(before, after);
  EXPECT_EQ(cv::countNonZero(still(cv::Rect(10, 5, 6, 6))), 0);
  EXPECT_EQ(cv::countNonZero(still.rowRange(14, 20)), 6 * 30);
  EXPECT_EQ(cv::countNonZero(still.colRange(0, 7)), 7 * 20);
  EXPECT_EQ(cv::countNonZero(static_pixels(before, after, 1)), 0);
}

// One hot pixel of 10 levels: the Gaussian's middle weight is about .16, so that 1.6 remains.
TEST(StaticPixels, DoNotMindTheSensorsNoise) {
  cv::Mat before(9, 9, CV_8UC3, cv::Scalar::all(100)), after = before.clone();
  after.at<cv::Vec3b>(4, 4) = cv::Vec3b::all(110);
  EXPECT_EQ(cv::countNonZero(static_pixels(before, after)), 81);
  after.at<cv::Vec3b>(4, 4) = cv::Vec3b::all(120);
  EXPECT_EQ(cv::countNonZero(static_pixels(before, after)), 80);
}

TEST(StillPixels, AreKnownNotToMove) {
  data::Motion motion = data::Motion{cv::Mat::zeros(1, 4, CV_32FC2)};
  motion.displacement.at<cv::Vec2f>(0, 1) = {0.05f, -0.05f};
  motion.displacement.at<cv::Vec2f>(0, 2) = {0.09f, 0.09f};
  motion.displacement.at<cv::Vec2f>(0, 3) = {NAN, NAN};
  EXPECT_EQ(cv::norm(still_pixels(motion), row<uint8_t>({255, 255, 0, 0}), cv::NORM_INF), 0);
}

}  // namespace
}  // namespace manyfold::metrics
