#include "data/synthetic/walk.h"

#include <gtest/gtest.h>

#include <cmath>

namespace manyfold::data::synthetic {
namespace {

TEST(Walk, GoesNoFasterThanPeopleDoAndNeverJumps) {
  for (uint64_t i = 0; i < 20; ++i) {
    Random random(4, Random::scene, i);
    const Walk walk(8, random);
    const double step = 1.0 / 30;
    for (double t = 0; t < 120; t += step) {
      const Gait now = walk.at(t), next = walk.at(t + step);
      // 11 eye distances a second, 0.7 m.
      EXPECT_LE(std::abs(next.x - now.x), 11.01 * step);
      EXPECT_LE(std::abs(next.going - now.going), 0.15);
      EXPECT_LE(std::abs(next.heading - now.heading), 0.15);
      EXPECT_LE(std::abs(now.heading), now.going);
    }
  }
}

TEST(Walk, LooksWhereItGoesAndStepsOnlyThen) {
  Random random(4, Random::scene);
  const Walk walk(8, random);
  int stood = 0, walked = 0;
  for (double t = 0; t < 200; t += 0.1) {
    const Gait now = walk.at(t), next = walk.at(t + 0.05);
    if (now.going == 0 && next.going == 0) {
      EXPECT_FLOAT_EQ(now.x, next.x);
      ++stood;
    } else if (std::abs(now.heading) > 0.5f) {
      EXPECT_GT((next.x - now.x) * now.heading, 0);
      ++walked;
    }
  }
  EXPECT_GT(stood, 100);
  EXPECT_GT(walked, 200);
}

TEST(Walk, LeavesThePictureAndComesBackHoweverLate) {
  for (const double from : {0.0, 1e6}) {
    int outside = 0, inside = 0;
    for (uint64_t i = 0; i < 10; ++i) {
      Random random(5, Random::scene, i);
      const Walk walk(8, random);
      int here = 0;
      // Two periods: 28 eye distances at 4 a second, and 2.5 seconds, twice.
      for (double t = from; t < from + 20; t += 0.25) {
        const float x = std::abs(walk.at(t).x);
        EXPECT_LE(x, 8 + 6 + 1e-3);
        outside += x > 8 + 3;
        here += x < 8;
      }
      EXPECT_GT(here, 0) << i;
      inside += here;
    }
    EXPECT_GT(outside, 40);
    EXPECT_GT(inside, 200);
  }
}

}  // namespace
}  // namespace manyfold::data::synthetic
