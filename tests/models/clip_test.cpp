#include "models/clip.h"

#include <cmath>

#include "testing.h"

namespace manyfold::models {
namespace {

using torch::Tensor;

Tensor column(const std::vector<float>& numbers) {
  return torch::tensor(numbers).view({-1, 1, 1, 1});
}

/// The first map becomes its sum over the frames so far, the others pass.
Remembered add_up(const std::vector<Tensor>& features, const State& state) {
  auto seen = features;
  if (!state.empty()) seen[0] = features[0] + state[0];
  return {seen, {seen[0]}};
}

struct Clips : testing::Test {
  void SetUp() override {
    torch::manual_seed(0);
    temporal = std::make_shared<Temporal>(std::vector<FeatureInfo>{{8, 8}, {24, 16}, {32, 32}},
                                          TemporalOptions());
    step = [this](const auto& maps, const auto& state) { return temporal->forward(maps, state); };
  }
  static std::vector<Tensor> draw(int64_t rows) {
    return {torch::randn({rows, 8, 8, 8}), torch::randn({rows, 24, 4, 4}),
            torch::randn({rows, 32, 2, 2})};
  }
  /// Frames [from, to) of each of two clips.
  static std::vector<Tensor> cut(std::vector<Tensor> maps, int64_t from, int64_t to) {
    for (auto& map : maps) {
      map = map.view({2, -1, map.size(1), map.size(2), map.size(3)})
                .slice(1, from, to)
                .reshape({-1, map.size(1), map.size(2), map.size(3)});
    }
    return maps;
  }
  static bool close(const Tensor& a, const Tensor& b) { return torch::allclose(a, b, 1e-4, 1e-5); }
  static void expect_close(const std::vector<Tensor>& got, const std::vector<Tensor>& expected) {
    ASSERT_EQ(got.size(), expected.size());
    for (size_t i = 0; i < got.size(); ++i) {
      ASSERT_EQ(got[i].sizes(), expected[i].sizes()) << i;
      EXPECT_TRUE(close(got[i], expected[i])) << i;
    }
  }

  std::shared_ptr<Temporal> temporal;
  TimeStep step;
};

// Frame t of clip n is row n * 3 + t.
TEST(AlongTime, GoesThroughEachClipInOrder) {
  const auto other = torch::zeros({6, 2});
  const auto result = along_time(add_up, {column({1, 2, 3, 10, 20, 30}), other}, 3);
  EXPECT_TRUE(torch::equal(result.features[0], column({1, 3, 6, 10, 30, 60})));
  ASSERT_EQ(result.state.size(), 1u);
  EXPECT_TRUE(torch::equal(result.state[0], column({6, 60})));
  EXPECT_TRUE(result.features[1].is_same(other));  // handed on by every step: not copied
}

TEST(AlongTime, GoesOnFromAState) {
  const auto result = along_time(add_up, {column({1, 2, 10, 20})}, 2, {column({100, 1000})});
  EXPECT_TRUE(torch::equal(result.features[0], column({101, 103, 1010, 1030})));
}

TEST(AlongTime, TakesStillsAsTheyAre) {
  const auto map = column({1, 2});
  bool same_tensor = false;
  const auto result = along_time(
      [&](const auto& maps, const auto& state) {
        same_tensor = maps[0].is_same(map);
        return add_up(maps, state);
      },
      {map}, 1);
  EXPECT_TRUE(same_tensor);
  EXPECT_TRUE(result.features[0].is_same(map));
}

TEST(AlongTime, KeepsTheLayoutOfMaps) {
  const auto map = torch::randn({6, 4, 3, 5}).contiguous(torch::MemoryFormat::ChannelsLast);
  const auto result = along_time(add_up, {map}, 3);
  EXPECT_TRUE(result.features[0].is_contiguous(torch::MemoryFormat::ChannelsLast));
}

TEST(AlongTime, RefusesRowsThatAreNoClips) {
  EXPECT_THROW(along_time(add_up, {column({1, 2, 3})}, 2), c10::Error);
  EXPECT_THROW(along_time(add_up, {column({1, 2, 3})}, 0), c10::Error);
}

TEST_F(Clips, AreTheirFramesOneByOne) {
  const auto maps = draw(2 * 3);
  const auto all = along_time(step, maps, 3);
  State state;
  for (int64_t t = 0; t < 3; ++t) {
    const auto one = step(cut(maps, t, t + 1), state);
    expect_close(cut(all.features, t, t + 1), one.features);
    state = one.state;
  }
  expect_close(all.state, state);
}

TEST_F(Clips, MayComeInParts) {
  const auto maps = draw(2 * 5);
  const auto whole = along_time(step, maps, 5);
  const auto first = along_time(step, cut(maps, 0, 2), 2);
  const auto second = along_time(step, cut(maps, 2, 5), 3, detached(first.state));
  expect_close(cut(whole.features, 0, 2), first.features);
  expect_close(cut(whole.features, 2, 5), second.features);
  expect_close(whole.state, second.state);
}

TEST_F(Clips, OfABatchDoNotMix) {
  const auto maps = draw(2 * 3);
  auto others = maps;
  for (auto& map : others)
    map = torch::cat({map.slice(0, 0, 3), torch::randn_like(map).slice(0, 3)});
  const auto one = along_time(step, maps, 3), two = along_time(step, others, 3);
  for (const size_t i : {1, 2}) {
    EXPECT_TRUE(close(one.features[i].slice(0, 0, 3), two.features[i].slice(0, 0, 3)));
    EXPECT_FALSE(close(one.features[i].slice(0, 3), two.features[i].slice(0, 3)));
  }
}

TEST_F(Clips, TeachTheFramesBeforeUntilTheStateIsDetached) {
  const auto gradient_at_first = [&](bool cut_between) {
    const auto first = draw(2), second = draw(2);
    first[1].requires_grad_();
    const auto state = step(first, {}).state;
    step(second, cut_between ? detached(state) : state).features[1].sum().backward();
    return first[1].grad();
  };
  const auto through = gradient_at_first(false);
  ASSERT_TRUE(through.defined());
  EXPECT_GT(through.abs().max().item<double>(), 0);
  EXPECT_FALSE(gradient_at_first(true).defined());
}

}  // namespace
}  // namespace manyfold::models
