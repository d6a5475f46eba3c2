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
  WeightAverage average(*norm, 0.5);
  {
    torch::NoGradGuard no_grad;
    norm->weight.fill_(1);
  }
  average.update(*norm);
  EXPECT_NEAR(average.weights().at("weight").item<double>(), 0.9, 1e-6);
  average.update(*norm);
  EXPECT_NEAR(average.weights().at("weight").item<double>(), 2. / 11 * 0.9 + 9. / 11, 1e-6);
}

TEST(WeightAverage, CopiesCounters) {
  auto norm = norm_with_weight(0);
  WeightAverage average(*norm, 0.9);
  norm->forward(torch::randn({4, 1}));
  average.update(*norm);
  EXPECT_EQ(average.weights().at("num_batches_tracked").item<int64_t>(), 1);
}

TEST(WeightAverage, IsAppliedForAScopeOnly) {
  auto norm = norm_with_weight(2);
  const WeightAverage average(*norm, 0.9);
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
