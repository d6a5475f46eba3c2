#include "report/comparison.h"

#include <gtest/gtest.h>

namespace manyfold::report {
namespace {

cv::Mat plain(int width, int height, int level) {
  return {height, width, CV_8UC3, cv::Scalar::all(level)};
}

TEST(Comparison, EnlargesBoxesPointsAndMasksAlike) {
  data::Object object;
  object.box = {1, 2, 3, 4};
  object.landmarks = {{5, 6}};
  const data::Label objects = data::Objects{{object}};
  const auto large = std::get<data::Objects>(enlarged(objects, 2)).list[0];
  EXPECT_EQ(large.box, cv::Rect2f(2, 4, 6, 8));
  EXPECT_EQ(large.landmarks[0], cv::Point2f(10, 12));

  cv::Mat mask = cv::Mat::zeros(2, 2, CV_8UC1);
  mask.at<uint8_t>(0, 1) = 7;
  const data::Label masks = data::Mask{mask};
  const auto wide = std::get<data::Mask>(enlarged(masks, 3)).classes;
  EXPECT_EQ(wide.size(), cv::Size(6, 6));
  EXPECT_EQ(cv::countNonZero(wide == 7), 9);
  EXPECT_EQ(mask.size(), cv::Size(2, 2)) << "the label itself stays as it is";
  EXPECT_EQ(std::get<data::ClassIndex>(enlarged(data::ClassIndex{3}, 2)).index, 3);
}

TEST(Comparison, AGridCentresPicturesInCellsOfTheLargest) {
  const cv::Mat whole = grid({plain(10, 10, 200), plain(4, 6, 100), plain(10, 10, 50)}, 2, 2);
  EXPECT_EQ(whole.size(), cv::Size(22, 22));
  EXPECT_EQ(whole.at<cv::Vec3b>(0, 0)[0], 200);
  EXPECT_EQ(whole.at<cv::Vec3b>(2, 15)[0], 100);
  EXPECT_NE(whole.at<cv::Vec3b>(1, 15)[0], 100);
  EXPECT_EQ(whole.at<cv::Vec3b>(12, 0)[0], 50);
  EXPECT_TRUE(grid({}, 3).empty());
  EXPECT_EQ(grid({plain(4, 4, 0)}, 9).size(), cv::Size(4, 4));
}

TEST(Comparison, ACaptionStandsAboveThePicture) {
  const cv::Mat whole = captioned(plain(100, 50, 200), "truth");
  EXPECT_EQ(whole.cols, 100);
  EXPECT_GT(whole.rows, 58);
  EXPECT_EQ(whole.at<cv::Vec3b>(whole.rows - 1, 99)[0], 200);
}

TEST(Comparison, SmallPicturesAreEnlargedBeforeTheyAreDrawnOn) {
  const data::LabelSpec spec{data::LabelSpec::Kind::objects, {"face"}, 0, {}, {}};
  const data::Label none = data::Objects{};
  EXPECT_EQ(compare(plain(160, 120, 9), none, none, spec).cols, 2 * 320 + 4);
  EXPECT_EQ(compare(plain(150, 120, 9), none, none, spec).cols, 2 * 450 + 4);
  EXPECT_EQ(compare(plain(500, 120, 9), none, none, spec).cols, 2 * 500 + 4);
}

}  // namespace
}  // namespace manyfold::report
