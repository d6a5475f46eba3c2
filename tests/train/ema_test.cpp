#include "train/ema.h"

#include <gtest/gtest.h>
#include <torch/nn/modules/batchnorm.h>

namespace manyfold::train {
namespace {

torch::nn::BatchNorm1d norm_with_weight(double value) {
  torch::nn::BatchNorm1d norm(1);
  torch::NoGradGuard no_grad;
  norm->weight.fill_(value);
  return norm;
}

TEST(WeightAverage, WarmsUpAndThenDecays) {
  // d = min(0.5, (1 + t) / (10 + t)) = 0.1, 2/11 for the first two updates.
  auto norm = norm_with_weight(0);
  WeightAverage average(*norm, {0.5});
  {
    torch::NoGradGuard no_grad;
    norm->weight.fill_(1);
  }
  average.update(*norm);
  EXPECT_NEAR(average.weights().at("weight").item<double>(), 0.9, 1e-6);
  average.update(*norm);
  EXPECT_NEAR(average.weights().at("weight").item<double>(), 2. / 11 * 0.9 + 9. / 11, 1e-6);
}

TEST(AverageDecay, GoesToOneByHalfACosine) {
  // 1 - 0.004 (1 + cos(pi t)) / 2 at t = 0, 1/4, 1/2, 3/4, 1
  const AverageSchedule schedule = {0.996, /*cosine=*/true, 100};
  EXPECT_NEAR(average_decay(schedule, 0), 0.996, 1e-12);
  EXPECT_NEAR(average_decay(schedule, 25), 0.996586, 1e-6);
  EXPECT_NEAR(average_decay(schedule, 50), 0.998, 1e-12);
  EXPECT_NEAR(average_decay(schedule, 75), 0.999414, 1e-6);
  EXPECT_EQ(average_decay(schedule, 100), 1);
  EXPECT_EQ(average_decay(schedule, 250), 1);
}

TEST(WeightAverage, StandsStillAtTheEndOfACosine) {
  // d = 0.5, 0.75, 1 in a run of two updates and one more.
  auto norm = norm_with_weight(0);
  WeightAverage average(*norm, AverageSchedule{0.5, /*cosine=*/true, 2});
  {
    torch::NoGradGuard no_grad;
    norm->weight.fill_(1);
  }
  for (const double expected : {0.5, 0.625, 0.625}) {
    average.update(*norm);
    EXPECT_NEAR(average.weights().at("weight").item<double>(), expected, 1e-6);
  }
}

TEST(WeightAverage, GoesOnWithItsScheduleAfterLoading) {
  auto norm = norm_with_weight(0);
  WeightAverage average(*norm, AverageSchedule{0.5, /*cosine=*/true, 2});
  average.load(average.weights(), 1);
  {
    torch::NoGradGuard no_grad;
    norm->weight.fill_(1);
  }
  average.update(*norm);  // d = 0.75
  EXPECT_NEAR(average.weights().at("weight").item<double>(), 0.25, 1e-6);
}

TEST(WeightAverage, CopiesCounters) {
  auto norm = norm_with_weight(0);
  WeightAverage average(*norm, {0.9});
  norm->forward(torch::randn({4, 1}));
  average.update(*norm);
  EXPECT_EQ(average.weights().at("num_batches_tracked").item<int64_t>(), 1);
}

TEST(WeightAverage, IsAppliedForAScopeOnly) {
  auto norm = norm_with_weight(2);
  const WeightAverage average(*norm, {0.9});
  torch::NoGradGuard no_grad;
  norm->weight.fill_(3);
  {
    const WeightAverage::Applied applied(average, *norm);
    EXPECT_EQ(norm->weight.item<double>(), 2);
  }
  EXPECT_EQ(norm->weight.item<double>(), 3);
}

}  // namespace
}  // namespace manyfold::train
