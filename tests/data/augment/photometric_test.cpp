#include "data/augment/photometric.h"

#include <gtest/gtest.h>

#include "tests/data/fixture.h"

namespace manyfold::data {
namespace {

PhotometricOptions nothing() {
  PhotometricOptions options;
  options.brightness = options.contrast = options.gamma = options.saturation = options.hue = 0;
  options.grey = options.blur = options.noise = options.jpeg = 0;
  return options;
}

cv::Mat changed(const cv::Mat& picture, const PhotometricOptions& options, double strength = 1,
                uint64_t seed = 1) {
  Random random(seed, Random::augment);
  cv::Mat drawn = picture.clone();
  Photometry(options, strength, random).apply(drawn);
  return drawn;
}

double distance(const cv::Mat& a, const cv::Mat& b) { return cv::norm(a, b, cv::NORM_INF); }

TEST(Photometry, NothingAskedIsNothingDone) {
  const auto picture = drawn_picture(31, 17);
  EXPECT_EQ(distance(changed(picture, nothing()), picture), 0);
  EXPECT_EQ(distance(changed(picture, PhotometricOptions(), 0), picture), 0);
}

TEST(Photometry, TheStreamAloneDecides) {
  const auto picture = drawn_picture(31, 17);
  const PhotometricOptions options;
  EXPECT_EQ(distance(changed(picture, options, 2, 5), changed(picture, options, 2, 5)), 0);
  EXPECT_GT(distance(changed(picture, options, 2, 5), changed(picture, options, 2, 6)), 0);
}

TEST(Photometry, GreysStayGreyWhateverTheHue) {
  auto options = nothing();
  options.hue = 180;
  options.saturation = 1;
  const cv::Mat grey(4, 4, CV_8UC3, cv::Scalar::all(100));
  for (uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_LE(distance(changed(grey, options, 1, seed), grey), 1);
  }
}

TEST(Photometry, WithoutColourAllChannelsAreTheLuma) {
  auto options = nothing();
  options.grey = 1;
  const cv::Mat picture(2, 2, CV_8UC3, cv::Scalar(200, 100, 50));
  // 0.299 * 200 + 0.587 * 100 + 0.114 * 50 = 124.2
  EXPECT_EQ(changed(picture, options).at<cv::Vec3b>(0, 0), cv::Vec3b(124, 124, 124));
}

TEST(Photometry, ToneChangesStayWithinTheirRange) {
  auto options = nothing();
  options.brightness = 0.2;
  const cv::Mat picture(2, 2, CV_8UC3, cv::Scalar::all(100));
  double low = 255, high = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const double value = changed(picture, options, 1, seed).at<cv::Vec3b>(0, 0)[0];
    low = std::min(low, value);
    high = std::max(high, value);
  }
  EXPECT_GE(low, 79);
  EXPECT_LE(high, 121);
  EXPECT_LT(low, 84);  // and uses it
  EXPECT_GT(high, 116);
}

TEST(Photometry, NoiseHasTheDrawnStrengthAndDiffersBetweenFrames) {
  auto options = nothing();
  options.noise = 1;
  options.noise_deviation = 20;
  Random random(3, Random::augment);
  const cv::Mat grey(64, 64, CV_8UC3, cv::Scalar::all(128));
  std::vector<cv::Mat> frames = {grey.clone(), grey.clone()};
  const Photometry photometry(options, 1, random);
  for (size_t t = 0; t < 2; ++t) photometry.apply(frames[t], t);
  cv::Scalar mean, deviation;
  cv::meanStdDev(frames[0], mean, deviation);
  EXPECT_NEAR(mean[0], 128, 2);
  EXPECT_GT(deviation[0], 0.5);
  EXPECT_LT(deviation[0], 21);
  EXPECT_GT(distance(frames[0], frames[1]), 0);
}

TEST(Photometry, JpegAndBlurLeaveTheSizeAlone) {
  auto options = nothing();
  options.jpeg = options.blur = 1;
  const auto picture = drawn_picture(31, 17);
  const auto after = changed(picture, options);
  EXPECT_EQ(after.size(), picture.size());
  EXPECT_EQ(after.type(), CV_8UC3);
  EXPECT_GT(distance(after, picture), 0);
}

}  // namespace
}  // namespace manyfold::data
