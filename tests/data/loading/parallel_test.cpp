#include "data/loading/parallel.h"

#include <gmock/gmock.h>

#include <atomic>
#include <stdexcept>
#include <vector>

namespace manyfold::data {
namespace {

TEST(ParallelFor, DoesEveryNumberOnce) {
  for (const int threads : {-1, 0, 1, 3, 100}) {
    std::vector<int> times(50);
    parallel_for(50, threads, [&](int64_t i) { ++times[i]; });
    for (const int count : times) EXPECT_EQ(count, 1) << threads;
  }
}

TEST(ParallelFor, DoesNotStartMoreThreadsThanItCanUse) {
  std::atomic<int> calls{0};
  parallel_for(3, 1'000'000'000, [&](int64_t) { ++calls; });
  EXPECT_EQ(calls, 3);
  parallel_for(10'000, 1'000'000'000, [&](int64_t) { ++calls; });
  EXPECT_EQ(calls, 10'003);
  parallel_for(0, 8, [&](int64_t) { ++calls; });
  EXPECT_EQ(calls, 10'003);
}

TEST(ParallelFor, ThrowsWhatTheWorkThrows) {
  const auto fail = [](int64_t i) {
    if (i == 7) throw std::runtime_error("seven");
  };
  EXPECT_THROW(parallel_for(20, 4, fail), std::runtime_error);
}

}  // namespace
}  // namespace manyfold::data
