#include "data/permutation.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <set>
#include <vector>

namespace manyfold::data {
namespace {

TEST(Permutation, HoldsEveryItemOnce) {
  EXPECT_TRUE(rc::check([](uint64_t seed) {
    const auto size = *rc::gen::inRange<int64_t>(1, 3000);
    const Permutation order(seed, 1, 2, size);
    std::set<int64_t> seen;
    for (int64_t place = 0; place < size; ++place) seen.insert(order(place));
    RC_ASSERT(static_cast<int64_t>(seen.size()) == size);
    RC_ASSERT(*seen.begin() == 0 && *seen.rbegin() == size - 1);
  }));
}

TEST(Permutation, EpochsSourcesAndSeedsDiffer) {
  const auto list = [](const Permutation& order) {
    std::vector<int64_t> items;
    for (int i = 0; i < 100; ++i) items.push_back(order(i));
    return items;
  };
  const auto first = list({1, 0, 0, 100});
  EXPECT_EQ(first, list({1, 0, 0, 100}));
  EXPECT_NE(first, list({1, 0, 1, 100}));
  EXPECT_NE(first, list({1, 1, 0, 100}));
  EXPECT_NE(first, list({2, 0, 0, 100}));
}

TEST(Permutation, AllOrdersOfThreeAreEquallyLikely) {
  std::map<std::vector<int64_t>, int> seen;
  for (uint64_t epoch = 0; epoch < 6000; ++epoch) {
    const Permutation order(5, 0, epoch, 3);
    ++seen[{order(0), order(1), order(2)}];
  }
  EXPECT_EQ(seen.size(), 6u);
  for (const auto& [order, times] : seen) EXPECT_NEAR(times, 1000, 145);  // five deviations
}

TEST(Permutation, EveryItemIsEquallyLikelyInEveryPlace) {
  std::vector<std::vector<int>> seen(10, std::vector<int>(10));
  for (uint64_t epoch = 0; epoch < 10000; ++epoch) {
    const Permutation order(5, 0, epoch, 10);
    for (int place = 0; place < 10; ++place) ++seen[place][order(place)];
  }
  for (const auto& places : seen) {
    for (const int times : places) EXPECT_NEAR(times, 1000, 150);  // five deviations
  }
}

}  // namespace
}  // namespace manyfold::data
