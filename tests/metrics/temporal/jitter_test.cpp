#include "metrics/temporal/jitter.h"

#include <gtest/gtest.h>

#include <cmath>

namespace manyfold::metrics {
namespace {

data::Object box(float x, float y, float width, float height) {
  data::Object made;
  made.box = {x, y, width, height};
  return made;
}

data::Object with_points(data::Object object, std::vector<cv::Point2f> points,
                         std::vector<uint8_t> visible) {
  object.landmarks = std::move(points);
  object.visible = std::move(visible);
  return object;
}

TEST(Acceleration, OfEvenMotionAndGrowthIsZero) {
  Jitter jitter;
  add_acceleration(box(0, 0, 10, 20), box(3, 1, 12, 24), box(6, 2, 14, 28), jitter);
  EXPECT_DOUBLE_EQ(jitter.pixels.centre.value(), 0);
  EXPECT_DOUBLE_EQ(jitter.pixels.size.value(), 0);
}

// Centres (5, 10), (9, 13), (5, 10): (-8, -6), 10 long. The middle box is 10 x 40: sqrt 400 = 20.
// Widths 10, 10, 10; heights 20, 40, 20: |-40| / 2.
TEST(Acceleration, IsTheSecondDifference) {
  Jitter jitter;
  add_acceleration(box(0, 0, 10, 20), box(4, -7, 10, 40), box(0, 0, 10, 20), jitter);
  EXPECT_DOUBLE_EQ(jitter.pixels.centre.value(), 10);
  EXPECT_DOUBLE_EQ(jitter.relative.centre.value(), 0.5);
  EXPECT_DOUBLE_EQ(jitter.pixels.size.value(), 20);
  EXPECT_DOUBLE_EQ(jitter.relative.size.value(), 1);
  EXPECT_EQ(jitter.pixels.centre.count, 1);
  EXPECT_EQ(jitter.pixels.landmarks.count, 0);
}

// Point 0: (0, 0), (3, 4), (0, 0) gives 10; point 1 rests; point 2 is hidden once.
TEST(Acceleration, AveragesThePointsThatAllFramesShow) {
  const data::Object b = box(0, 0, 4, 4);
  Jitter jitter;
  add_acceleration(with_points(b, {{0, 0}, {1, 1}, {9, 9}}, {1, 1, 1}),
                   with_points(b, {{3, 4}, {1, 1}, {NAN, NAN}}, {1, 1, 0}),
                   with_points(b, {{0, 0}, {1, 1}, {9, 9}}, {1, 1, 1}), jitter);
  EXPECT_DOUBLE_EQ(jitter.pixels.landmarks.value(), 5);
  EXPECT_DOUBLE_EQ(jitter.relative.landmarks.value(), 1.25);
}

TEST(Acceleration, IsAveragedOverObjects) {
  Jitter jitter;
  add_acceleration(box(0, 0, 10, 10), box(0, 0, 10, 10), box(0, 0, 10, 10), jitter);
  add_acceleration(box(0, 0, 10, 10), box(1, 0, 10, 10), box(0, 0, 10, 10), jitter);
  EXPECT_DOUBLE_EQ(jitter.pixels.centre.value(), 1);
  EXPECT_EQ(jitter.pixels.centre.count, 2);
}

// The truth goes (4, 0) and grows by 2 x 2 to 25 x 25; the detection, 7 px off, follows.
TEST(StepError, IsBlindToAConstantError) {
  Jitter jitter;
  add_step_error(box(7, 7, 20, 20), box(11, 7, 22, 22), box(0, 0, 23, 23), box(4, 0, 25, 25),
                 jitter);
  EXPECT_DOUBLE_EQ(jitter.pixels.centre.value(), 0);
  EXPECT_DOUBLE_EQ(jitter.pixels.size.value(), 0);
}

// The detection stays where the truth goes (3, 4): 5 px, of a true box of 25 x 25.
TEST(StepError, IsTheTruthsStepWhereTheDetectionIsFrozen) {
  const auto frozen = with_points(box(1, 1, 20, 20), {{5, 5}}, {});
  Jitter jitter;
  add_step_error(frozen, frozen, with_points(box(0, 0, 25, 25), {{6, 6}}, {1}),
                 with_points(box(3, 4, 25, 25), {{9, 10}}, {1}), jitter);
  EXPECT_DOUBLE_EQ(jitter.pixels.centre.value(), 5);
  EXPECT_DOUBLE_EQ(jitter.relative.centre.value(), 0.2);
  EXPECT_DOUBLE_EQ(jitter.pixels.landmarks.value(), 5);
  EXPECT_DOUBLE_EQ(jitter.relative.landmarks.value(), 0.2);
}

}  // namespace
}  // namespace manyfold::metrics
