#include "train/grad_scaler.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <map>
#include <set>

namespace manyfold::train {
namespace {

// The rule simulated elsewhere, with overflow at steps 0, 1 and 3000.
TEST(GradScaler, FollowsTheRuleOfBackoffAndGrowth) {
  const std::set<int> overflows = {0, 1, 3000};
  const std::map<int, double> expected = {{0, 32768},    {1, 16384},    {2000, 16384},
                                          {2001, 32768}, {2999, 32768}, {3000, 16384},
                                          {4999, 16384}, {5000, 32768}};
  GradScaler scaler;
  EXPECT_EQ(scaler.scale(), 65536);
  for (int step = 0; step <= 5000; ++step) {
    scaler.update(overflows.count(step) == 0);
    const auto known = expected.find(step);
    if (known != expected.end()) {
      EXPECT_EQ(scaler.scale(), known->second) << step;
    }
  }
}

TEST(GradScaler, StaysBetweenItsFloorAndItsCap) {
  GradScaler scaler;
  for (int i = 0; i < 8; ++i) scaler.update(false);
  EXPECT_EQ(scaler.scale(), 256);
  EXPECT_FALSE(scaler.at_floor());
  for (int i = 0; i < 8; ++i) scaler.update(false);
  EXPECT_EQ(scaler.scale(), 128);
  EXPECT_TRUE(scaler.at_floor());
  for (int i = 0; i < 20 * 2000; ++i) scaler.update(true);
  EXPECT_EQ(scaler.scale(), 16777216);  // 128 * 2^17, and no more
}

TEST(GradScaler, GoesOnFromASavedState) {
  GradScaler scaler(1024, 1998);
  scaler.update(true);
  EXPECT_EQ(scaler.scale(), 1024);
  EXPECT_EQ(scaler.good_steps(), 1999);
  scaler.update(true);
  EXPECT_EQ(scaler.scale(), 2048);
  EXPECT_EQ(scaler.good_steps(), 0);
}

TEST(GradScaler, GradientsComeOutAsWithoutIt) {
  auto x = torch::tensor({3.0F}, torch::requires_grad());
  auto unused = torch::tensor({1.0F}, torch::requires_grad());
  const GradScaler scaler;
  scaler.scaled((x * x).sum()).backward();
  EXPECT_EQ(x.grad().item<float>(), 6 * 65536.0F);
  scaler.unscale({x, unused});
  EXPECT_EQ(x.grad().item<float>(), 6);
  EXPECT_FALSE(unused.grad().defined());
}

}  // namespace
}  // namespace manyfold::train
