#include "report/picture_bytes.h"

#include <gtest/gtest.h>

#include <opencv2/imgcodecs.hpp>
#include <vector>

namespace manyfold::report {
namespace {

// RFC 4648, section 10.
TEST(Base64, GivesThePublishedValues) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xff\xfe\xfd"), "//79");
}

TEST(PictureBytes, AJpegKeepsTheColoursInTheirPlaces) {
  const cv::Mat rgb(16, 16, CV_8UC3, cv::Scalar(200, 100, 50));
  const std::string bytes = jpeg_bytes(rgb);
  const cv::Mat bgr =
      cv::imdecode(std::vector<uchar>(bytes.begin(), bytes.end()), cv::IMREAD_COLOR);
  const auto pixel = bgr.at<cv::Vec3b>(8, 8);
  EXPECT_NEAR(pixel[0], 50, 4);
  EXPECT_NEAR(pixel[1], 100, 4);
  EXPECT_NEAR(pixel[2], 200, 4);
}

TEST(PictureBytes, RefusesWhatIsNoColourPicture) {
  EXPECT_THROW(png_bytes(cv::Mat::zeros(2, 2, CV_8UC1)), std::invalid_argument);
  EXPECT_THROW(jpeg_bytes(cv::Mat()), std::invalid_argument);
}

}  // namespace
}  // namespace manyfold::report
