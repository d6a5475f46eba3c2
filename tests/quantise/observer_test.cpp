#include "quantise/observer.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

namespace manyfold::quantise {
namespace {

TEST(RangeObserver, JoinsBatchesAndAveragesThem) {
  RangeObserver observer;
  observer.add(torch::tensor({-1.0F, 1.0F}));
  observer.add(torch::tensor({0.0F, 0.5F}));  // a second tensor of the same scale
  observer.end_batch();
  observer.add(torch::tensor({-3.0F, 2.0F}));
  observer.end_batch();
  EXPECT_EQ(observer.all(), Range(-3, 2));
  // 1 + 0.1 (2 - 1), -1 + 0.1 (-3 + 1)
  EXPECT_NEAR(observer.average().second, 1.1, 1e-9);
  EXPECT_NEAR(observer.average().first, -1.2, 1e-9);
  EXPECT_EQ(observer.unfinite(), 0);
}

TEST(RangeObserver, CountsWhatIsNotFiniteAndPassesItOver) {
  RangeObserver observer;
  observer.add(torch::tensor({1.0F, NAN, INFINITY, 2.0F}));
  observer.end_batch();
  EXPECT_EQ(observer.unfinite(), 2);
  EXPECT_EQ(observer.all(), Range(1, 2));
}

TEST(Histogram, CountsInEqualBinsAndCutsPercentiles) {
  Histogram histogram({0, 1});
  histogram.add(torch::arange(10000).to(torch::kFloat) / 10000);
  histogram.add(torch::tensor({5.0F, -5.0F}));  // outside: the outermost bins
  int64_t total = 0;
  for (const auto count : histogram.counts()) total += count;
  EXPECT_EQ(total, 10002);
  const auto [low, high] = histogram.percentile(99);
  EXPECT_NEAR(low, 0.01, 1.0 / Histogram::kBins);
  EXPECT_NEAR(high, 0.99, 1.0 / Histogram::kBins);
}

/// Squared error of quantising `x` to a range.
double error_of(const torch::Tensor& x, Range range) {
  const auto e = encoding_of(range.first, range.second, kUint8);
  const auto y = at::fake_quantize_per_tensor_affine(x, e.scale, e.zero_point, 0, 255);
  return (x - y).square().mean().item<double>();
}

TEST(Histogram, FindsARangeWithLessErrorThanTheEndsOfALongTail) {
  torch::manual_seed(1);
  const auto x = torch::cat({torch::randn({100000}), torch::tensor({60.0F, -45.0F})});
  Histogram histogram({-45, 60});
  histogram.add(x);
  const auto range = histogram.least_error(kUint8);
  EXPECT_LT(range.second, 60);
  EXPECT_LT(error_of(x, range), error_of(x, {-45, 60}));
}

TEST(Histogram, KeepsTheEndsOfAUniformDistribution) {
  torch::manual_seed(2);
  Histogram histogram({0, 1});
  histogram.add(torch::rand({100000}));
  const auto range = histogram.least_error(kUint8);
  EXPECT_EQ(range.first, 0);
  EXPECT_NEAR(range.second, 1, 0.011);
}

TEST(LeastErrorShrink, CutsOutliersOfAChannelAndLeavesEvenOnes) {
  torch::manual_seed(3);
  auto weight = torch::rand({2, 64, 3, 3}) - 0.5;
  weight[1][0][0][0] = 1.2;  // the only one beyond 0.5
  const auto shrink = least_error_shrink(weight, 0, {-7, 7, true});
  EXPECT_GT(shrink[0].item<double>(), 0.8);
  EXPECT_LT(shrink[1].item<double>(), 1.0);
  EXPECT_EQ(least_error_shrink(weight, -1, kWeight).numel(), 1);
}

}  // namespace
}  // namespace manyfold::quantise
