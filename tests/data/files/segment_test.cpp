#include "data/files/segment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <stdexcept>

namespace manyfold::data {
namespace {

using testing::ElementsAre;

// By hand, character - 48 in five-bit groups: 6 | 1 | 8 + 1*32 | 3 + 1 | 29 + 30*32 - 1024 + 40 |
// 0 + 4 | 0 + 5 | 0 + 4 | 16 + 0*32 + 5.
TEST(Segment, UnpacksCocosCompressedRuns) {
  EXPECT_THAT(unpack_runs("61X13mN000`0"), ElementsAre(6, 1, 40, 4, 5, 4, 5, 4, 21));
}

TEST(Segment, RefusesWhatIsNoRunLengthCode) {
  EXPECT_THROW(unpack_runs("61X"), std::invalid_argument);  // more was to come
  EXPECT_THROW(unpack_runs("6 1"), std::invalid_argument);  // no such character
  EXPECT_THROW(unpack_runs("O"), std::invalid_argument);    // -1
  EXPECT_THROW(unpack_runs(std::string(40, 'o')), std::invalid_argument);
}

TEST(Segment, RunsGoDownTheColumns) {
  cv::Mat mask = cv::Mat::zeros(3, 2, CV_8UC1);
  paint({{}, {1, 3, 2}, {2, 3}}, 7, mask);
  const cv::Mat expected = (cv::Mat_<uint8_t>(3, 2) << 0, 7, 7, 0, 7, 0);
  EXPECT_EQ(cv::norm(mask, expected, cv::NORM_INF), 0);
}

TEST(Segment, RunsAndMasksAreEachOthersInverse) {
  EXPECT_TRUE(rc::check([] {
    const int rows = *rc::gen::inRange(1, 9), cols = *rc::gen::inRange(1, 9);
    cv::Mat mask(rows, cols, CV_8UC1), again = cv::Mat::zeros(rows, cols, CV_8UC1);
    for (int i = 0; i < rows * cols; ++i)
      mask.at<uint8_t>(i / cols, i % cols) = *rc::gen::inRange(0, 2);
    paint({{}, runs_of(mask), mask.size()}, 1, again);
    RC_ASSERT(cv::norm(mask, again, cv::NORM_INF) == 0);
  }));
}

TEST(Segment, RefusesRunsOfAnotherPicture) {
  cv::Mat mask = cv::Mat::zeros(3, 2, CV_8UC1);
  EXPECT_THROW(paint({{}, {1, 3, 2}, {3, 2}}, 1, mask), std::invalid_argument);
  EXPECT_THROW(paint({{}, {1, 3, 3}, {2, 3}}, 1, mask), std::invalid_argument);
}

TEST(Segment, APolygonFillsThePixelsInside) {
  cv::Mat mask = cv::Mat::zeros(20, 20, CV_8UC1);
  paint({{{{5, 4}, {15, 4}, {15, 12}, {5, 12}}}, {}, {}}, 1, mask);
  cv::Mat inner = mask(cv::Rect(6, 5, 8, 6));
  EXPECT_EQ(cv::countNonZero(inner), 48);
  EXPECT_EQ(cv::countNonZero(mask(cv::Rect(0, 0, 20, 3))), 0);
  EXPECT_NEAR(cv::countNonZero(mask), 80, 20);  // the border line counts in OpenCV
}

TEST(Segment, OverlappingPolygonsAreAUnion) {
  cv::Mat mask = cv::Mat::zeros(20, 20, CV_8UC1);
  const std::vector<cv::Point2f> a = {{2, 2}, {12, 2}, {12, 12}, {2, 12}};
  const std::vector<cv::Point2f> b = {{8, 8}, {18, 8}, {18, 18}, {8, 18}};
  paint({{a, b}, {}, {}}, 1, mask);
  EXPECT_EQ(mask.at<uint8_t>(10, 10), 1);
}

}  // namespace
}  // namespace manyfold::data
