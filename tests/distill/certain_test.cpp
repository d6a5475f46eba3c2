#include "distill/certain.h"

#include <gmock/gmock.h>
#include <torch/types.h>

namespace manyfold::distill {
namespace {

using data::Object;
using testing::ElementsAre;

Object object(cv::Rect2f box, float score, int64_t class_index = 0) {
  Object result;
  result.box = box;
  result.score = score;
  result.class_index = class_index;
  return result;
}

TEST(CertainClass, IsTheBestOneFromTheThresholdOn) {
  const auto scores = torch::tensor({0.05f, 0.875f, 0.075f});
  const auto label = certain_class(scores, 0.875);
  ASSERT_TRUE(label);
  EXPECT_EQ(label->index, 1);
  EXPECT_FLOAT_EQ(label->score, 0.875f);
  EXPECT_FALSE(certain_class(scores, 0.876));
  EXPECT_FALSE(certain_class(torch::tensor({NAN, NAN}), 0));
}

/// Of the second of two classes: 1 in the left half of a 16 x 16 map, 0 in the right.
torch::Tensor left_half() {
  auto second = torch::zeros({16, 16});
  second.slice(1, 0, 8).fill_(1);
  return torch::stack({1 - second, second});
}

// A picture of 128 x 64 in a network's of 64 x 64: rows 16 to 48 of it, half as large. A pixel of
// the map is 8 of the picture wide; between the middles of columns 7 and 8, which lie at 60 and 68,
// the score falls evenly from 1 to 0.
TEST(CertainMask, FollowsTheScoresBackToThePicture) {
  const cv::Size picture(128, 64);
  const auto geometry = data::fit(picture, {64, 64});
  const auto certain = certain_mask(left_half(), geometry, picture, {0.9, 0.5});
  ASSERT_TRUE(certain);
  const auto& mask = certain->mask.classes;
  ASSERT_EQ(mask.size(), picture);
  for (const int row : {0, 31, 63}) {
    EXPECT_EQ(mask.at<uint8_t>(row, 0), 1);
    EXPECT_EQ(mask.at<uint8_t>(row, 60), 1);  // 15/16
    EXPECT_EQ(mask.at<uint8_t>(row, 61), data::Mask::kIgnore);
    EXPECT_EQ(mask.at<uint8_t>(row, 66), data::Mask::kIgnore);
    EXPECT_EQ(mask.at<uint8_t>(row, 67), 0);
    EXPECT_EQ(mask.at<uint8_t>(row, 127), 0);
  }
  EXPECT_NEAR(certain->score, (120 + 2 * 0.9375) / 122, 1e-6);
}

TEST(CertainMask, NeedsEnoughCertainPixels) {
  const cv::Size picture(128, 64);
  const auto geometry = data::fit(picture, {64, 64});
  EXPECT_TRUE(certain_mask(left_half(), geometry, picture, {0.95, 0.93}));  // 120 of 128 columns
  EXPECT_FALSE(certain_mask(left_half(), geometry, picture, {0.95, 0.94}));
  const auto unsure = torch::full({2, 16, 16}, 0.5);
  EXPECT_FALSE(certain_mask(unsure, geometry, picture, {0.9, 0}));
}

TEST(CertainObjects, OneViewGivesLabelsAndIgnoreRegions) {
  const auto objects =
      certain_objects({{object({0, 0, 10, 10}, 0.7f), object({20, 0, 10, 10}, 0.4f),
                        object({40, 0, 10, 10}, 0.1f)}},
                      {});
  ASSERT_TRUE(objects);
  const auto& frame = objects->list;
  ASSERT_EQ(frame.size(), 2u);
  EXPECT_FALSE(frame[0].ignore);
  EXPECT_FLOAT_EQ(frame[0].score, 0.7f);
  EXPECT_TRUE(frame[1].ignore);
  EXPECT_EQ(frame[1].box, cv::Rect2f(20, 0, 10, 10));
}

TEST(CertainObjects, ViewsThatAgreeAreAveraged) {
  // They overlap by 80 of 120.
  const auto objects = certain_objects(
      {{object({0, 0, 10, 10}, 0.4f)}, {object({30, 0, 5, 5}, 0.1f), object({2, 0, 10, 10}, 0.8f)}},
      {});
  ASSERT_TRUE(objects);
  const auto& frame = objects->list;
  ASSERT_EQ(frame.size(), 1u);
  EXPECT_EQ(frame[0].box, cv::Rect2f(1, 0, 10, 10));
  EXPECT_NEAR(frame[0].score, 0.6, 1e-6);
}

TEST(CertainObjects, TheNearestOfSeveralIsTheSameObject) {
  const auto objects =
      certain_objects({{object({0, 0, 10, 10}, 0.8f)},
                       {object({3, 0, 10, 10}, 0.7f), object({1, 0, 10, 10}, 0.7f)}},
                      {});
  EXPECT_EQ(objects->list.at(0).box, cv::Rect2f(0.5f, 0, 10, 10));
}

// Half of the threshold is 0.3.
TEST(CertainObjects, WhatOneViewLacksIsIgnored) {
  const std::vector<Object> first = {object({0, 0, 10, 10}, 0.9f), object({50, 0, 10, 10}, 0.9f)};
  const auto sure = object({50, 0, 10, 10}, 0.9f);
  for (const auto& second : {std::vector<Object>{sure},                                   // missing
                             {sure, object({0, 0, 10, 10}, 0.25f)},                       // unsure
                             {sure, object({0, 0, 10, 10}, 0.9f, /*class_index=*/1)}}) {  // another
    const auto objects = certain_objects({first, second}, {});
    ASSERT_TRUE(objects);
    const auto& frame = objects->list;
    ASSERT_EQ(frame.size(), 2u);
    EXPECT_TRUE(frame[0].ignore);
    EXPECT_EQ(frame[0].box, first[0].box);
    EXPECT_FALSE(frame[1].ignore);
  }
  // They overlap by 50 of 150.
  const auto apart =
      certain_objects({{first[1], first[0]}, {sure, object({5, 0, 10, 10}, 0.9f)}}, {});
  EXPECT_EQ(apart->list.size(), 3u);
}

TEST(CertainObjects, KeyPointsAreAveragedAndVisibleWhereAllSeeThemInOnePlace) {
  auto a = object({0, 0, 10, 10}, 0.9f), b = a;
  a.landmarks = {{2, 4}, {8, 4}, {5, 5}};
  b.landmarks = {{3, 5}, {8, 2}, {5, 8}};  // the last 1.5 from the mean; a tenth of the box is 1
  a.visible = {1, 1, 1};
  b.visible = {1, 0, 1};
  const auto mean = certain_objects({{a}, {b}}, {})->list.at(0);
  EXPECT_EQ(mean.landmarks[0], cv::Point2f(2.5f, 4.5f));
  EXPECT_THAT(mean.visible, ElementsAre(1, 0, 0));
}

TEST(CertainObjects, NothingCertainIsNoLabelUnlessAbsenceCounts) {
  ObjectRule absent;
  absent.absent = true;
  const std::vector<std::vector<Object>> unsure = {{object({0, 0, 9, 9}, 0.5f)}},
                                         faint = {{object({0, 0, 9, 9}, 0.15f)}, {}};
  EXPECT_FALSE(certain_objects(unsure, {}));
  EXPECT_FALSE(certain_objects(unsure, absent));
  EXPECT_FALSE(certain_objects(faint, {}));
  const auto none = certain_objects(faint, absent);
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->list.empty());
}

TEST(Inside, CutsBoxesAndHidesKeyPoints) {
  auto cut = object({-4, -2, 10, 10}, 1);
  cut.landmarks = {{-1, 3}, {2, 3}};
  cut.visible = {1, 1};
  const auto kept =
      inside({cut, object({-20, 0, 10, 10}, 1), object({63.5f, 0, 10, 10}, 1)}, {64, 48});
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].box, cv::Rect2f(0, 0, 6, 8));
  EXPECT_THAT(kept[0].visible, ElementsAre(0, 1));
}

}  // namespace
}  // namespace manyfold::distill
