#include "data/synthetic/lens.h"

#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

namespace manyfold::data::synthetic {
namespace {

cv::Mat stripes() {
  cv::Mat picture(48, 40, CV_8UC3);
  for (int y = 0; y < picture.rows; ++y) {
    for (int x = 0; x < picture.cols; ++x)
      picture.at<cv::Vec3b>(y, x) = {uint8_t(40 + 5 * x), uint8_t(60 + 3 * y),
                                     uint8_t((x / 4 % 2) * 120)};
  }
  return picture;
}
double difference(const cv::Mat& a, const cv::Mat& b) {
  return cv::norm(a, b, cv::NORM_L1) / (a.total() * 3);
}

TEST(Lens, ThatIsPerfectChangesNothing) {
  cv::Mat picture = stripes();
  photograph(picture, Lens{});
  EXPECT_LE(cv::norm(picture, stripes(), cv::NORM_INF), 1);
}

TEST(Lens, GainActsOnItsColour) {
  Lens lens;
  lens.gain = {0.5f, 1, 1};
  cv::Mat picture(8, 8, CV_8UC3, cv::Scalar(100, 100, 100));
  photograph(picture, lens);
  EXPECT_NEAR(picture.at<cv::Vec3b>(4, 4)[0], 50, 1);
  EXPECT_NEAR(picture.at<cv::Vec3b>(4, 4)[2], 100, 1);
}

TEST(Lens, NoiseHasTheDeviationThatIsAskedFor) {
  Lens lens;
  lens.noise = 8;
  cv::Mat picture(200, 200, CV_8UC3, cv::Scalar::all(128)), grey;
  photograph(picture, lens);
  cv::Scalar mean, deviation;
  cv::meanStdDev(picture, mean, deviation);
  EXPECT_NEAR(mean[0], 128, 1);
  EXPECT_NEAR(deviation[1], 8, 1);
}

TEST(Lens, VignetteDarkensTheCornersOnly) {
  Lens lens;
  lens.vignette = 0.5f;
  cv::Mat picture(40, 40, CV_8UC3, cv::Scalar::all(200));
  photograph(picture, lens);
  EXPECT_NEAR(picture.at<cv::Vec3b>(20, 20)[0], 200, 1);
  EXPECT_NEAR(picture.at<cv::Vec3b>(0, 0)[0], 100, 3);
}

TEST(Blocks, LoseMoreAtALowerQuality) {
  double last = 0;
  for (const int quality : {95, 60, 20, 5}) {
    cv::Mat picture = stripes();
    compress_blocks(picture, quality);
    const double now = difference(picture, stripes());
    EXPECT_GT(now, last) << quality;
    last = now;
  }
}

TEST(Blocks, KeepAFlatPictureOfAnySize) {
  cv::Mat picture(37, 51, CV_8UC3, cv::Scalar(90, 120, 150));
  compress_blocks(picture, 50);
  EXPECT_EQ(picture.size(), cv::Size(51, 37));
  EXPECT_LE(cv::norm(picture, cv::Mat(37, 51, CV_8UC3, cv::Scalar(90, 120, 150)), cv::NORM_INF), 8);
}

}  // namespace
}  // namespace manyfold::data::synthetic
