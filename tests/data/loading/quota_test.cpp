#include "data/loading/quota.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <numeric>

namespace manyfold::data {
namespace {

using testing::ElementsAre;

/// What each of `batches` batches of `size` takes from the first party.
std::vector<int64_t> first_quotas(int64_t size, int batches, const std::vector<int64_t>& weights) {
  std::vector<int64_t> quotas;
  for (int k = 0; k < batches; ++k) {
    quotas.push_back(seats((k + 1) * size, weights)[0] - seats(k * size, weights)[0]);
  }
  return quotas;
}

// N(k) = floor((k B 30 + 50) / 100), reckoned by hand.
TEST(Seats, ThirtySeventyCarriesTheRemainder) {
  EXPECT_THAT(first_quotas(8, 10, {30, 70}), ElementsAre(2, 3, 2, 3, 2, 2, 3, 2, 3, 2));
  EXPECT_THAT(first_quotas(5, 4, {30, 70}), ElementsAre(2, 1, 2, 1));
  EXPECT_THAT(first_quotas(1, 10, {30, 70}), ElementsAre(0, 1, 0, 0, 1, 0, 0, 0, 1, 0));
}

TEST(Seats, OneBatchIsRoundedToTheNearest) {
  const std::vector<std::pair<int64_t, int64_t>> expected = {
      {1, 0},  {2, 1},  {3, 1},  {4, 1},   {5, 2},   {8, 2},
      {10, 3}, {16, 5}, {24, 7}, {32, 10}, {64, 19}, {100, 30}};
  for (const auto& [batch, real] : expected) EXPECT_EQ(seats(batch, {3, 7})[0], real) << batch;
}

// Sainte-Lague by hand: quotients 53, 24, 23, 17.67, 10.6, 8, 7.67 go to A, B, C, A, A, B, C.
TEST(Seats, GivesSeatsByTheLargestQuotient) {
  EXPECT_THAT(seats(7, {53, 24, 23}), ElementsAre(3, 2, 2));
}

TEST(Seats, SharesOfAConfigurationAreExactFarOut) {
  const auto weights = whole_weights({0.3, 0.7});
  EXPECT_EQ(seats(1'000'000'000'005, weights)[0], 300'000'000'002);  // ...001.5, up
  EXPECT_EQ(seats(1'000'000'000'004, weights)[0], 300'000'000'001);  // ...001.2
}

TEST(Seats, TheLargestWeightsOfAConfigurationAddUp) {
  // Ten of 1e18 are more than 64 bits hold.
  EXPECT_THAT(seats(20, whole_weights(std::vector<double>(10, 1e9))), testing::Each(2));
}

TEST(Seats, RefusesAllZeroWeights) { EXPECT_THROW(seats(3, {0, 0}), std::invalid_argument); }

TEST(Seats, SumUpNeverFallAndStayNearTheShare) {
  EXPECT_TRUE(rc::check([] {
    const auto weights = *rc::gen::suchThat(
        rc::gen::nonEmpty(
            rc::gen::container<std::vector<int64_t>>(rc::gen::inRange<int64_t>(0, 1000))),
        [](const std::vector<int64_t>& w) {
          return w.size() <= 12 && std::accumulate(w.begin(), w.end(), int64_t{0}) > 0;
        });
    const auto count = *rc::gen::inRange<int64_t>(0, 100000);
    const auto now = seats(count, weights), next = seats(count + 1, weights);
    RC_ASSERT(std::accumulate(now.begin(), now.end(), int64_t{0}) == count);
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    for (size_t i = 0; i < weights.size(); ++i) {
      RC_ASSERT(next[i] >= now[i]);
      RC_ASSERT(std::abs(now[i] - count * (weights[i] / sum)) < 2.0);
      if (weights[i] == 0) RC_ASSERT(now[i] == 0);
    }
  }));
}

}  // namespace
}  // namespace manyfold::data
