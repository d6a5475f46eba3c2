#include "data/synthetic/course.h"

#include <gtest/gtest.h>

#include <cmath>

namespace manyfold::data::synthetic {
namespace {

TEST(Wander, NeverLeavesItsBoundsAndNeverJumps) {
  Random random(1, Random::scene);
  const float amplitude = 3, period = 0.7f;
  const Wander wander(amplitude, period, random);
  const double step = 0.01;
  float low = 0, high = 0;
  for (double from : {-5000.0, 0.0, 1e6}) {
    for (double t = from; t < from + 100; t += step) {
      const float now = wander(t), next = wander(t + step);
      low = std::min(low, now), high = std::max(high, now);
      // The slope of a cubic B-spline is a mean of its knots' differences, 2 amplitudes at most;
      // its second derivative one of their second differences, 4 amplitudes.
      EXPECT_LE(std::abs(next - now), step * 2 * amplitude / period + 1e-5);
      const float after = wander(t + 2 * step);
      EXPECT_LE(std::abs(after - 2 * next + now),
                step * step * 4 * amplitude / (period * period) + 1e-5);
    }
  }
  EXPECT_GE(low, -amplitude);
  EXPECT_LE(high, amplitude);
  EXPECT_LT(low, -0.4f * amplitude);
  EXPECT_GT(high, 0.4f * amplitude);
}

TEST(Wander, DiffersFromTheNextAndStaysWhereNothingWanders) {
  Random random(1, Random::scene);
  const Wander first(1, 1, random), second(1, 1, random);
  EXPECT_NE(first(0.3), second(0.3));
  EXPECT_EQ(Wander()(0.3), 0);
}

TEST(Turns, EachTakesTheTimeThatIsAllowedAndEndsInItsPeriod) {
  Random random(2, Random::scene);
  const float period = 2, shortest = 0.3f, longest = 1.5f;
  const Turns turns(period, shortest, longest, random);
  const double step = 1e-3;
  const int64_t first = turns.at(-20).number + 1;
  int64_t number = first - 1;
  float share = 1, takes = 0, least = 9, most = 0;
  for (double t = -20; t < 60; t += step) {
    const auto moment = turns.at(t);
    if (moment.number != number) {
      EXPECT_EQ(moment.number, number + 1);
      EXPECT_NEAR(share, 1, 1e-4);  // the one before is done
      EXPECT_NEAR(moment.share, 0, 1e-4);
      if (number >= first) {
        EXPECT_GE(takes, shortest - 0.02);
        EXPECT_LE(takes, longest + 0.01);
        least = std::min(least, takes), most = std::max(most, takes);
      }
      takes = 0;
      number = moment.number;
    } else if (number >= first) {
      EXPECT_GE(moment.share, share);
    }
    takes += step * (moment.share > 0 && moment.share < 1);
    share = moment.share;
  }
  EXPECT_LT(least, 0.7);
  EXPECT_GT(most, 1.1);
}

TEST(Turns, GiveEachNumberItsOwnChance) {
  Random random(2, Random::scene);
  const Turns turns(1, 0.1f, 0.2f, random);
  EXPECT_EQ(turns.random(7)(), turns.random(7)());
  EXPECT_NE(turns.random(7)(), turns.random(8)());
  EXPECT_NE(turns.random(7)(), turns.random(7, 1)());
}

}  // namespace
}  // namespace manyfold::data::synthetic
