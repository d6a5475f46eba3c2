#include "graph/ranges.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/graph/modules.h"

namespace manyfold::graph {
namespace {

// Of numbers that pass through one node.
ValueRange range_of(const std::vector<float>& numbers) {
  const auto count = static_cast<int64_t>(numbers.size());
  Function module;
  const auto graph =
      trace_function(*module, [](const Tensors& in) { return in[0].neg(); }, {{1, count}});
  const auto ranges =
      value_ranges(Replay(graph), {{"x0", torch::tensor(numbers).view({1, count})}});
  EXPECT_EQ(ranges.size(), 1U);
  return ranges.at(0);
}

TEST(ValueRanges, TellTheLargestAndTheSmallestThatIsNotZero) {
  const auto range = range_of({0, -3, 0.5F, 2});
  EXPECT_EQ(range.largest, 3);
  EXPECT_EQ(range.smallest, 0.5);
  EXPECT_EQ(range.count, 4);
  EXPECT_EQ(range.vanishing + range.subnormal + range.beyond_half, 0);
  EXPECT_EQ(range_of({0, 0}).smallest, 0);
}

// 65519 rounds to 65504, the largest half; 65520 to infinity.
TEST(ValueRanges, CountWhatIsInfiniteInHalfPrecision) {
  const auto range = range_of({65504, 65519, 65520, -70000});
  EXPECT_EQ(range.beyond_half, 2);
  EXPECT_EQ(range.largest, 70000);
}

// Every count is what LibTorch's own conversion to half precision gives.
TEST(ValueRanges, CountWhatVanishesOrBecomesSubnormal) {
  const std::vector<float> numbers = {0x1p-25F, 0x1.000002p-25F, -1e-8F, 1e-7F,
                                      6.1e-5F,  6.104e-5F,       -1e-5F, 1};
  const auto range = range_of(numbers);
  const auto halves = torch::tensor(numbers).to(torch::kHalf).to(torch::kFloat).abs();
  EXPECT_EQ(range.vanishing, (halves == 0).sum().item<int64_t>());
  EXPECT_EQ(range.vanishing, 2);
  EXPECT_EQ(range.subnormal, 4);
  EXPECT_EQ(range.subnormal, ((halves > 0).logical_and(halves < 0x1p-14F)).sum().item<int64_t>());
}

TEST(ValueRanges, CountInfinityAndNaNApart) {
  const float infinity = std::numeric_limits<float>::infinity();
  const auto range = range_of({infinity, -infinity, std::nanf(""), 7});
  EXPECT_EQ(range.infinite, 2);
  EXPECT_EQ(range.nan, 1);
  EXPECT_EQ(range.largest, 7);
  EXPECT_EQ(range.beyond_half, 0);
}

TEST(ValueRanges, HoldEveryFloatResultInOrderAndNameItsModule) {
  TwoHeads module;
  const auto graph = trace_pictures(module, Mode::eval);
  const auto pictures = torch::randint(256, {2, 3, 16, 16}, torch::kUInt8);
  const auto ranges = value_ranges(Replay(graph), {{"pictures", pictures}});
  std::vector<std::string> expected, found;
  for (const auto& node : graph.nodes()) {
    for (const auto* value : node->outputs) {
      if (c10::isFloatingType(value->dtype)) expected.push_back(value->name);
    }
  }
  for (const auto& range : ranges) found.push_back(range.name);
  EXPECT_EQ(found, expected);
  EXPECT_EQ(ranges[0].largest, pictures.max().item<double>());  // the cast
  const auto stem = std::find_if(ranges.begin(), ranges.end(),
                                 [](const auto& range) { return range.scope == "stem.conv"; });
  ASSERT_NE(stem, ranges.end());
  EXPECT_EQ(stem->count, 2 * 16 * 8 * 8);
}

TEST(ValueRanges, LeaveOutWhatTheFeedsDoNotReach) {
  Function module;
  const auto graph =
      trace_function(*module, [](const Tensors& in) { return in[0].exp().abs().sqrt(); }, {{1, 2}});
  const auto& middle = graph.nodes()[0]->output()->name;
  const auto ranges = value_ranges(Replay(graph), {{middle, torch::tensor({{4.0F, 9.0F}})}});
  ASSERT_EQ(ranges.size(), 2U);
  EXPECT_EQ(ranges[0].largest, 9);
  EXPECT_EQ(ranges[1].largest, 3);
}

TEST(MergeRanges, GivesWhatBothRunsHeld) {
  auto range = range_of({0, 0});
  merge(range, range_of({4, 0.25F}));
  merge(range, range_of({70000, 2}));
  EXPECT_EQ(range.largest, 70000);
  EXPECT_EQ(range.smallest, 0.25);
  EXPECT_EQ(range.count, 6);
  EXPECT_EQ(range.beyond_half, 1);
  merge(range, range_of({0, 0}));
  EXPECT_EQ(range.smallest, 0.25);
}

}  // namespace
}  // namespace manyfold::graph
