#include "metrics/segmentation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "common/error.h"

namespace manyfold::metrics {
namespace {

using data::Label;
using data::Mask;
using testing::HasSubstr;

Label mask(std::vector<uint8_t> pixels, int columns = 4) {
  return Mask{cv::Mat(pixels, true).reshape(1, static_cast<int>(pixels.size()) / columns)};
}

double value(const Metric& metric, const std::string& name) {
  return value_of(metric.figures(), name);
}

TEST(SegmentationMetric, SumsIntersectionsAndUnionsBeforeItDivides) {
  SegmentationMetric metric({"background", "person"});
  metric.add(mask({1, 1, 0, 0}), mask({1, 0, 0, 0}));  // person 1 / 2, background 2 / 3
  metric.add(mask({1, 1, 1, 1}), mask({1, 1, 1, 1}));  // person 4 / 4
  EXPECT_DOUBLE_EQ(value(metric, "person_iou"), 5.0 / 6);
  EXPECT_DOUBLE_EQ(value(metric, "background_iou"), 2.0 / 3);
  EXPECT_DOUBLE_EQ(value(metric, "miou"), (5.0 / 6 + 2.0 / 3) / 2);
  EXPECT_DOUBLE_EQ(value(metric, "pixel_accuracy"), 7.0 / 8);
}

TEST(SegmentationMetric, LeavesOutClassesThatOccurNowhere) {
  SegmentationMetric metric({"background", "person", "dog"});
  metric.add(mask({1, 1, 0, 0}), mask({1, 0, 0, 0}));
  EXPECT_DOUBLE_EQ(value(metric, "miou"), (1.0 / 2 + 2.0 / 3) / 2);
  EXPECT_TRUE(std::isnan(value(metric, "dog_iou")));
}

TEST(SegmentationMetric, IgnoredPixelsCountNowhere) {
  SegmentationMetric metric({"background", "person"});
  metric.add(mask({1, 1, 0, 1}), mask({1, Mask::kIgnore, Mask::kIgnore, 0}));
  EXPECT_DOUBLE_EQ(value(metric, "person_iou"), 1.0 / 2);
  EXPECT_DOUBLE_EQ(value(metric, "pixel_accuracy"), 1.0 / 2);
  EXPECT_EQ(metric.figures().front().count, 2);
}

TEST(SegmentationMetric, WithoutAnyLabelledPixelThereIsNoFigure) {
  SegmentationMetric metric({"background", "person"});
  metric.add(mask({1, 1}, 2), mask({255, 255}, 2));
  for (const Figure& figure : metric.figures()) {
    EXPECT_TRUE(std::isnan(figure.value)) << figure.name;
  }
}

TEST(SegmentationMetric, BoundaryReachMayBePixelsOrAShareOfTheDiagonal) {
  cv::Mat a = cv::Mat::zeros(30, 40, CV_8UC1), b = a.clone();  // the diagonal is 50
  a(cv::Rect(5, 5, 6, 6)) = 1;
  b(cv::Rect(7, 5, 6, 6)) = 1;
  for (const auto& [radius, unit, expected] :
       std::vector<std::tuple<double, std::string, double>>{{1, "pixels", 0.6},
                                                            {2, "pixels", 1.0},
                                                            {0.02, "diagonal", 0.6},
                                                            {0.04, "diagonal", 1.0}}) {
    SegmentationMetric metric({"background", "person"}, {radius, unit});
    metric.add(Mask{a}, Mask{b});
    EXPECT_DOUBLE_EQ(value(metric, "boundary_f1"), expected) << radius << ' ' << unit;
  }
}

TEST(SegmentationMetric, RefusesMasksThatDoNotGoTogether) {
  SegmentationMetric metric({"background", "person"});
  EXPECT_THROW(metric.add(mask({0, 0}, 2), mask({0, 0}, 1)), std::invalid_argument);
  EXPECT_THROW(metric.add(Mask{}, mask({0}, 1)), std::invalid_argument);
  EXPECT_THROW(metric.add(mask({255}, 1), mask({0}, 1)), std::invalid_argument);
}

TEST(SegmentationMetric, NamesAClassThatNobodyDeclared) {
  SegmentationMetric metric({"background", "person"});
  try {
    metric.add(mask({0}, 1), mask({7}, 1));
    FAIL() << "class 7 was counted";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("a mask has class 7, but only 2 classes are named"));
  }
}

TEST(SegmentationMetric, DetailsHoldTheConfusion) {
  SegmentationMetric metric({"background", "person"});
  metric.add(mask({1, 1, 0, 0}), mask({1, 0, 0, 0}));
  EXPECT_EQ(metric.details().at("confusion").at("counts").dump(), "[[2,1],[0,1]]");
}

}  // namespace
}  // namespace manyfold::metrics
