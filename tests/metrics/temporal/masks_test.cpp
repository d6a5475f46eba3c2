#include "metrics/temporal/masks.h"

#include <gtest/gtest.h>

#include <cmath>

namespace manyfold::metrics {
namespace {

using data::Label;
using data::Mask;
using data::Motion;

cv::Mat row(const std::vector<uint8_t>& values) { return cv::Mat(values, true).reshape(1, 1); }
Label mask(const std::vector<uint8_t>& values) { return Mask{row(values)}; }
Motion moving(float x, int width) { return {cv::Mat(1, width, CV_32FC2, cv::Scalar(x, 0))}; }
cv::Mat grey(int level, int width) { return {1, width, CV_8UC3, cv::Scalar::all(level)}; }

double value(const TemporalMetric& metric, const std::string& name) {
  return value_of(metric.figures(), name);
}

TemporalMaskMetric person_metric(int64_t frames = 1) {
  TemporalOptions options;
  options.trained_frames = frames;
  return TemporalMaskMetric({"background", "person"}, options);
}

TEST(TemporalMaskMetric, FlickerCountsStaticPixelsOnly) {
  auto metric = person_metric();
  metric.start();
  metric.add(mask({1, 1, 0, 0}), nullptr, {}, {});
  auto motion = moving(0, 4);
  motion.displacement.at<cv::Vec2f>(0, 3) = {2, 0};
  metric.add(mask({0, 1, 0, 1}), nullptr, {}, motion);
  EXPECT_DOUBLE_EQ(value(metric, "flicker"), 1. / 3);
  EXPECT_DOUBLE_EQ(value(metric, "class_changes"), 2. / 4);
  EXPECT_TRUE(std::isnan(value(metric, "false_changes")));
}

TEST(TemporalMaskMetric, WhatHasNoMotionIsNotPartOfThePicture) {
  auto metric = person_metric();
  metric.add(mask({1, 1, 0, 0}), nullptr, {}, {});
  auto motion = moving(0, 4);
  motion.displacement.at<cv::Vec2f>(0, 3) = {std::nanf(""), std::nanf("")};
  metric.add(mask({0, 1, 0, 1}), nullptr, {}, motion);
  EXPECT_DOUBLE_EQ(value(metric, "flicker"), 1. / 3);
  EXPECT_DOUBLE_EQ(value(metric, "class_changes"), 1. / 3);
}

TEST(TemporalMaskMetric, WithoutMotionStaticIsWhatThePicturesSay) {
  auto metric = person_metric();
  metric.add(mask({1, 1, 0, 0}), nullptr, grey(10, 4), {});
  metric.add(mask({0, 1, 0, 0}), nullptr, grey(11, 4), {});
  metric.add(mask({1, 0, 1, 1}), nullptr, grey(90, 4), {});  // all has changed
  EXPECT_DOUBLE_EQ(value(metric, "flicker"), 1. / 4);
  EXPECT_EQ(metric.figures().front().count, 4);
}

TEST(TemporalMaskMetric, WarpedIouSumsBeforeItDivides) {
  auto metric = person_metric();
  metric.add(mask({0, 1, 1, 0, 0}), nullptr, {}, {});
  metric.add(mask({0, 0, 1, 1, 0}), nullptr, {}, moving(-1, 5));  // 2 / 2
  metric.add(mask({1, 1, 1, 1, 0}), nullptr, {}, moving(0, 5));   // 2 / 4
  EXPECT_DOUBLE_EQ(value(metric, "warped_iou"), 4. / 6);
}

TEST(TemporalMaskMetric, ANewClipHasNoFrameBefore) {
  auto metric = person_metric();
  metric.start();
  metric.add(mask({1, 1}), nullptr, {}, {});
  metric.start();
  metric.add(mask({0, 0}), nullptr, {}, {});
  EXPECT_TRUE(std::isnan(value(metric, "class_changes")));
}

// The truth moves in columns 1 and 2. Of the two that stay, the prediction changes one; it follows
// in column 1 and not in column 2: changes differ in columns 0 and 2.
TEST(TemporalMaskMetric, ComparesChangesWithTheTruths) {
  auto metric = person_metric();
  const Label before = mask({0, 1, 0, 0}), after = mask({0, 0, 1, 0});
  metric.add(mask({0, 1, 0, 0}), &before, {}, {});
  metric.add(mask({1, 0, 0, 0}), &after, {}, {});
  EXPECT_DOUBLE_EQ(value(metric, "false_changes"), 1. / 2);
  EXPECT_DOUBLE_EQ(value(metric, "dtssd"), std::sqrt(2. / 4));
}

TEST(TemporalMaskMetric, DtssdIsTheMeanOverPairsOfFrames) {
  auto metric = person_metric();
  const Label truth = mask({0, 0, 0, 0});
  metric.add(mask({0, 0, 0, 0}), &truth, {}, {});
  metric.add(mask({1, 0, 0, 0}), &truth, {}, {});
  metric.add(mask({1, 0, 0, 0}), &truth, {}, {});
  EXPECT_DOUBLE_EQ(value(metric, "dtssd"), 0.5 / 2);
}

TEST(TemporalMaskMetric, PixelsThatTheTruthIgnoresCountNowhere) {
  auto metric = person_metric();
  const Label truth = mask({1, 1, 255, 255});
  metric.add(mask({1, 1, 0, 0}), &truth, {}, {});
  metric.add(mask({1, 0, 1, 1}), &truth, {}, moving(0, 4));
  for (const char* name : {"flicker", "class_changes", "false_changes", "warped_iou"}) {
    EXPECT_DOUBLE_EQ(value(metric, name), 1. / 2) << name;
  }
  EXPECT_DOUBLE_EQ(value(metric, "miou_last"), 1. / 4);  // person 1 / 2, background 0 / 1
}

TEST(TemporalMaskMetric, ShowsDriftOverAClip) {
  auto metric = person_metric();
  const Label truth = mask({1, 1, 0, 0});
  metric.start();
  metric.add(mask({1, 1, 0, 0}), &truth, {}, {});
  metric.add(mask({1, 1, 0, 0}), nullptr, {}, {});
  metric.add(mask({1, 0, 0, 0}), &truth, {}, {});  // person 1 / 2, background 2 / 3
  EXPECT_DOUBLE_EQ(value(metric, "miou_first"), 1);
  EXPECT_DOUBLE_EQ(value(metric, "miou_last"), (1. / 2 + 2. / 3) / 2);
  EXPECT_EQ(metric.details().dump(), R"({"by_frame":[1.0,null,0.5833333333333333]})");
}

// T = 2: frame 1 follows frame 0, frames 2 and 3 what is before them. Nothing moves.
TEST(TemporalMaskMetric, ShowsSteadinessThatIsLostOverAClip) {
  auto metric = person_metric(2);
  const std::vector<std::vector<uint8_t>> frames = {
      {1, 1, 0, 0}, {1, 1, 0, 0}, {1, 0, 0, 0}, {0, 0, 1, 1}};
  metric.start();
  for (const auto& frame : frames) metric.add(mask(frame), nullptr, {}, moving(0, 4));
  EXPECT_DOUBLE_EQ(value(metric, "flicker_first"), 0);
  EXPECT_DOUBLE_EQ(value(metric, "flicker_last"), (1. + 3) / 8);
  EXPECT_DOUBLE_EQ(value(metric, "flicker"), (0. + 1 + 3) / 12);
  EXPECT_DOUBLE_EQ(value(metric, "warped_iou_first"), 1);
  EXPECT_DOUBLE_EQ(value(metric, "warped_iou_last"), (1. + 0) / (2 + 3));
}

TEST(TemporalMaskMetric, AFrozenMaskIsSteadyButHasTheTruthsChanges) {
  auto metric = person_metric();
  const Label before = mask({1, 1, 0, 0}), after = mask({0, 0, 1, 1});
  metric.add(mask({1, 1, 0, 0}), &before, {}, {});
  metric.add(mask({1, 1, 0, 0}), &after, {}, moving(0, 4));
  EXPECT_EQ(value(metric, "flicker"), 0);
  EXPECT_EQ(value(metric, "dtssd"), 1);
  EXPECT_EQ(value(metric, "miou_last"), 0);
}

TEST(TemporalMaskMetric, KeepsNothingOfItsArguments) {
  auto metric = person_metric();
  cv::Mat classes = row({1, 1, 0, 0});
  metric.add(Mask{classes}, nullptr, {}, {});
  classes.setTo(1);
  metric.add(Mask{classes}, nullptr, {}, {});
  EXPECT_DOUBLE_EQ(value(metric, "class_changes"), 2. / 4);
}

TEST(TemporalMaskMetric, RefusesWhatDoesNotGoTogether) {
  auto metric = person_metric();
  const Label narrow = mask({1});
  EXPECT_THROW(metric.add(mask({1, 0}), &narrow, {}, {}), std::invalid_argument);
  EXPECT_THROW(metric.add(mask({1, 0}), nullptr, grey(0, 3), {}), std::invalid_argument);
  EXPECT_THROW(metric.add(mask({1, 0}), nullptr, {}, moving(0, 3)), std::invalid_argument);
  metric.add(mask({1, 0}), nullptr, {}, {});
  EXPECT_THROW(metric.add(narrow, nullptr, {}, {}), std::invalid_argument);
  EXPECT_THROW(TemporalMaskMetric({"background"}), std::invalid_argument);
}

}  // namespace
}  // namespace manyfold::metrics
