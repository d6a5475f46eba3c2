#include "pretrain/health.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

namespace manyfold::pretrain {
namespace {

TEST(FeatureSpread, IsOneForDirectionsAllRoundAndZeroForOne) {
  // Both columns (1, -1, 0, 0) in some order, whatever the lengths: deviation sqrt(1/2) each.
  const auto round = torch::tensor({2.0, 0.0, -1.0, 0.0, 0.0, 3.0, 0.0, -1.0}).view({4, 2});
  EXPECT_NEAR(feature_spread(round).item<double>(), 1, 1e-6);
  const auto one = torch::tensor({1.0, 2.0, 2.0, 4.0}).view({2, 2});
  EXPECT_NEAR(feature_spread(one).item<double>(), 0, 1e-6);
}

TEST(FeatureSpread, TakesPooledMaps) {
  // (1, 0) and (0, 1): deviation 1/2 each, times sqrt(2).
  EXPECT_NEAR(feature_spread(torch::eye(2).view({2, 2, 1, 1})).item<double>(), std::sqrt(0.5),
              1e-6);
}

TEST(FeatureSpread, OfEmptyFeaturesIsZero) {
  EXPECT_EQ(feature_spread(torch::zeros({3, 4})).item<double>(), 0);
}

TEST(UsedShare, CountsWinnersAgainstWhatCouldWin) {
  const auto rows = torch::tensor({0.9, 0.1, 0.8, 0.2, 0.3, 0.7, 0.6, 0.4}).view({2, 2, 2});
  EXPECT_NEAR(used_share(rows).item<double>(), 1, 1e-6);  // both of 2 classes, 4 rows
  EXPECT_NEAR(used_share(rows.narrow(0, 0, 1)).item<double>(), 0.5, 1e-6);
  // 2 rows of 3 classes: at most 2 could win.
  EXPECT_NEAR(used_share(torch::eye(3).narrow(0, 0, 2)).item<double>(), 1, 1e-6);
}

}  // namespace
}  // namespace manyfold::pretrain
