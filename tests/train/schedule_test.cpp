#include "train/schedule.h"

#include <gtest/gtest.h>

namespace manyfold::train {
namespace {

ScheduleOptions schedule(const std::string& type, double final_ratio) {
  ScheduleOptions options;
  options.type = type;
  options.warmup_steps = 10;
  options.final_ratio = final_ratio;
  return options;
}

TEST(Schedule, CosineAfterWarmUpFollowsItsClosedForm) {
  // Peak 1e-3, floor 1e-6, 10 of 110 steps of warm-up: 1e-6 + 9.99e-4 (1 + cos(pi t)) / 2.
  const auto options = schedule("cosine", 1e-3);
  const auto lr = [&](int64_t step) { return 1e-3 * lr_factor(options, step, 110); };
  EXPECT_NEAR(lr(0), 1e-4, 1e-12);
  EXPECT_NEAR(lr(9), 1e-3, 1e-12);
  EXPECT_NEAR(lr(10), 1e-3, 1e-12);
  EXPECT_NEAR(lr(60), 5.005e-4, 1e-9);
  EXPECT_NEAR(lr(109), 1.2465e-6, 1e-10);
}

TEST(Schedule, PolyFallsWithItsPower) {
  auto options = schedule("poly", 0);
  options.power = 2;
  EXPECT_DOUBLE_EQ(lr_factor(options, 60, 110), 0.25);
  EXPECT_DOUBLE_EQ(lr_factor(options, 110, 110), 0);
}

TEST(Schedule, ConstantStaysAtThePeak) {
  EXPECT_EQ(lr_factor(schedule("constant", 0.1), 90, 100), 1);
}

TEST(Schedule, WeightDecayGoesToItsRatioByHalfACosine) {
  // DINO: 0.04 to 0.4. A quarter of the way: 0.4 - 0.36 (1 + cos(pi / 4)) / 2 = 0.0927208.
  auto options = schedule("cosine", 0);
  options.weight_decay_ratio = 10;
  EXPECT_NEAR(0.04 * decay_factor(options, 0, 100), 0.04, 1e-12);
  EXPECT_NEAR(0.04 * decay_factor(options, 25, 100), 0.0927208, 1e-7);
  EXPECT_NEAR(0.04 * decay_factor(options, 50, 100), 0.22, 1e-12);
  EXPECT_EQ(decay_factor(schedule("cosine", 0), 30, 100), 1);
}

TEST(Schedule, ARunShorterThanItsWarmUpNeverDividesByZero) {
  EXPECT_DOUBLE_EQ(lr_factor(schedule("cosine", 0), 4, 5), 0.5);
  EXPECT_DOUBLE_EQ(lr_factor(schedule("cosine", 0), 10, 10), 1);
}

}  // namespace
}  // namespace manyfold::train
