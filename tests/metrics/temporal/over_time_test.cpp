#include "metrics/temporal/over_time.h"

#include <gtest/gtest.h>

#include <cmath>

namespace manyfold::metrics {
namespace {

void add_clip(const std::vector<std::vector<Mean>>& frames, OverTime& figure) {
  figure.start();
  for (const auto& frame : frames) figure.add(frame);
}

// The first frames: 1 / 4 and 4 / 4; the second: 1 / 2 of one clip only.
TEST(OverTime, SumsTheClipsBeforeItDivides) {
  OverTime figure;
  add_clip({{{1, 4}}, {{1, 2}}}, figure);
  add_clip({{{4, 4}}, {}}, figure);
  EXPECT_EQ(figure.by_frame(), (std::vector<double>{5. / 8, 1. / 2}));
}

TEST(OverTime, AveragesTheClassesThatOccur) {
  OverTime figure;
  add_clip({{{1, 4}, {3, 3}, {0, 0}}}, figure);
  EXPECT_DOUBLE_EQ(figure.by_frame().at(0), (0.25 + 1) / 2);
}

TEST(OverTime, FramesWithoutLabelsKeepTheirPlace) {
  OverTime figure;
  add_clip({{{1, 1}}, {}, {{0, 1}}}, figure);
  ASSERT_EQ(figure.by_frame().size(), 3);
  EXPECT_TRUE(std::isnan(figure.by_frame()[1]));
  EXPECT_EQ(figure.by_frame()[2], 0);
}

// T = 2: the long clip loses its object; the clip of three frames is too short to tell.
TEST(OverTime, ComparesTheStartOfLongClipsWithTheirEnd) {
  OverTime figure;
  add_clip({{{2, 2}}, {{1, 2}}, {{1, 2}}, {{1, 3}}, {{0, 1}}}, figure);
  add_clip({{{0, 9}}, {{0, 9}}, {{0, 9}}}, figure);
  EXPECT_DOUBLE_EQ(figure.first(2), 3. / 4);
  EXPECT_DOUBLE_EQ(figure.last(2), 1. / 4);
  EXPECT_EQ(figure.clips(2), 1);
}

// The second clip's object comes in late: its end is not compared with nothing.
TEST(OverTime, ComparesOnlyClipsWithSomethingAtBothEnds) {
  OverTime figure;
  add_clip({{{2, 2}}, {{1, 2}}}, figure);
  add_clip({{}, {{0, 9}}}, figure);
  EXPECT_DOUBLE_EQ(figure.first(1), 1);
  EXPECT_DOUBLE_EQ(figure.last(1), 1. / 2);
  EXPECT_EQ(figure.clips(1), 1);
  EXPECT_DOUBLE_EQ(figure.value(), 3. / 13);
}

TEST(OverTime, HasOneValueForAllFrames) {
  OverTime figure;
  add_clip({{{1, 4}, {3, 3}}, {}, {{2, 2}, {0, 0}}}, figure);
  EXPECT_DOUBLE_EQ(figure.value(), (3. / 6 + 3. / 3) / 2);
  EXPECT_EQ(figure.count(), 9);
}

TEST(OverTime, OfNothingIsNotANumber) {
  OverTime figure;
  add_clip({{}, {}, {}}, figure);
  EXPECT_TRUE(std::isnan(figure.first(1)));
  EXPECT_TRUE(std::isnan(figure.last(1)));
  EXPECT_EQ(figure.clips(1), 0);
}

}  // namespace
}  // namespace manyfold::metrics
