#include "models/temporal.h"

#include <gmock/gmock.h>

#include "models/blocks/conv_gru.h"
#include "models/encoders.h"
#include "testing.h"
#include "tests/errors.h"

namespace manyfold::models {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using torch::Tensor;

const std::vector<FeatureInfo> kMaps = {{4, 4}, {16, 8}, {24, 16}, {32, 32}};

std::vector<Tensor> draw_features(int64_t rows) {
  std::vector<Tensor> features;
  for (const auto& [channels, stride] : kMaps) {
    features.push_back(torch::randn({rows, channels, 64 / stride, 64 / stride}));
  }
  return features;
}

TemporalOptions at_strides(std::vector<int64_t> strides, double channels = 0.5) {
  TemporalOptions options;
  options.strides = std::move(strides);
  options.channels = channels;
  return options;
}

std::vector<int64_t> channels_of(const Temporal& temporal) {
  std::vector<int64_t> channels;
  for (const auto& state : temporal.states()) channels.push_back(state.channels);
  return channels;
}

void fill(Temporal& temporal, const std::string& name, double value) {
  const torch::NoGradGuard no_grad;
  state_dict(temporal).at(name).fill_(value);
}

// Halves of 96 and 88, 128 and 152, 256 and 376 channels, to the nearest multiple of 8, ties up.
TEST(Temporal, TakesAShareOfTheMapsOfEveryEncoder) {
  const auto shares = [](const std::string& name) {
    const auto features = encoders().at(name)(Stem::conv)->features();
    return channels_of(Temporal(features, at_strides({16, 32})));
  };
  EXPECT_THAT(shares("edge_200k"), ElementsAre(48, 48));
  EXPECT_THAT(shares("edge_420k"), ElementsAre(64, 80));
  EXPECT_THAT(shares("edge_2m4"), ElementsAre(128, 192));
}

TEST(Temporal, NamesItsStatesFinestFirst) {
  const Temporal temporal(kMaps, at_strides({32, 8}));
  const auto& states = temporal.states();
  ASSERT_EQ(states.size(), 2u);
  EXPECT_EQ(states[0].name, "stride8");
  EXPECT_EQ(states[0].stride, 8);
  EXPECT_EQ(states[1].name, "stride32");
  EXPECT_EQ(states[1].stride, 32);
  EXPECT_TRUE(state_dict(temporal).count("stride32.gru.ih.0.weight"));
}

TEST(Temporal, TakesAtLeastEightChannelsAndAtMostAll) {
  EXPECT_THAT(channels_of(Temporal(kMaps, at_strides({4, 8, 32}, 0.01))), ElementsAre(4, 8, 8));
  // 0.95 * 22 = 20.9, to the nearest multiple of 8: 24.
  EXPECT_THAT(channels_of(Temporal({{22, 16}}, at_strides({}, 0.95))), ElementsAre(22));
  EXPECT_THAT(channels_of(Temporal({{20, 16}, {18, 32}}, at_strides({}, 1))), ElementsAre(20, 18));
}

TEST(Temporal, TakesAllThereIsWhereNothingIsSaid) {
  EXPECT_THAT(channels_of(Temporal(kMaps, {})), ElementsAre(4, 16, 24, 32));
}

// 8 tanh(x / 8) = x - x^3 / 192 + ...
TEST(Temporal, PassesStillsOnAtFirst) {
  torch::manual_seed(0);
  Temporal temporal(kMaps, {});
  const auto x = draw_features(2);
  const auto seen = temporal.forward(x, {}).features;
  for (size_t i = 0; i < x.size(); ++i) {
    EXPECT_TRUE(torch::allclose(seen[i], 8 * (x[i] / 8).tanh(), 1e-5, 1e-5)) << i;
    EXPECT_TRUE(torch::all((seen[i] - x[i]).abs() <= x[i].abs().pow(3) / 192 + 1e-5).item<bool>());
  }
}

// The state is the ConvGRU's, whatever is made of it.
TEST(Temporal, RemembersTheLastChannelsByAConvGru) {
  torch::manual_seed(0);
  Temporal temporal(kMaps, at_strides({16}));
  ConvGru gru(ConvGruOptions(16).kernel(1));
  StateDict weights;
  for (const auto& name : {"ih.0.weight", "ih.0.bias", "hh.0.weight", "hh.0.bias"}) {
    weights[name] = state_dict(temporal).at(std::string("stride16.gru.") + name);
  }
  load_state(*gru, weights, "stride16");
  const auto first = draw_features(2), second = draw_features(2);
  const auto state = temporal.forward(second, temporal.forward(first, {}).state).state;
  const auto last = [](const Tensor& map) { return map.slice(1, 24 - 16) / 8; };
  const auto begun = gru->forward(last(first[2]), last(first[2]).tanh());
  ASSERT_EQ(state.size(), 1u);
  EXPECT_TRUE(torch::allclose(state[0], gru->forward(last(second[2]), begun)));
}

// A new memory sees nothing but the frame in it: h + z (tanh(x / 8) - h) with h = tanh(x / 8).
TEST(Temporal, BeginsWithTheFirstFrame) {
  torch::manual_seed(0);
  Temporal temporal(kMaps, at_strides({16}, 1));
  const auto x = draw_features(2);
  const auto expected = (x[2] / 8).tanh();
  EXPECT_TRUE(torch::allclose(temporal.forward(x, {}).state[0], expected, 1e-5, 1e-6));
  EXPECT_TRUE(torch::allclose(temporal.forward(x, {torch::zeros_like(x[2])}).state[0], expected,
                              1e-5, 1e-6));
}

// With z = 1/2 in every place, states are the mean of what was and what is.
TEST(Temporal, IsAMovingAverageAtFirst) {
  torch::manual_seed(0);
  Temporal temporal(kMaps, at_strides({16}, 1));
  fill(temporal, "stride16.gru.ih.0.weight", 0);
  fill(temporal, "stride16.gru.ih.0.bias", 0);
  const auto first = draw_features(2), second = draw_features(2);
  const auto state = temporal.forward(second, temporal.forward(first, {}).state).state;
  const auto expected = ((first[2] / 8).tanh() + (second[2] / 8).tanh()) / 2;
  EXPECT_TRUE(torch::allclose(state[0], expected, 1e-5, 1e-6));
}

// Of two clips in a batch one begins and the other goes on.
TEST(Temporal, BeginsEveryRowByItself) {
  torch::manual_seed(0);
  Temporal temporal(kMaps, at_strides({16}, 1));
  const auto x = draw_features(2);
  auto state = torch::rand_like(x[2]);
  state[0].zero_();
  const auto next = temporal.forward(x, {state}).state[0];
  EXPECT_TRUE(torch::allclose(next[0], temporal.forward(x, {}).state[0][0], 1e-5, 1e-6));
  EXPECT_FALSE(torch::allclose(next[1], temporal.forward(x, {}).state[0][1], 1e-2, 1e-2));
}

TEST(Temporal, PutsItsStateInThePlaceOfTheLastChannels) {
  torch::manual_seed(0);
  Temporal temporal(kMaps, at_strides({16, 32}));
  const auto x = draw_features(2);
  const auto seen = temporal.forward(x, {});
  EXPECT_TRUE(torch::equal(seen.features[2].slice(1, 0, 8), x[2].slice(1, 0, 8)));  // untouched
  EXPECT_TRUE(torch::equal(seen.features[2].slice(1, 8), 8 * seen.state[0]));
  for (const size_t other : {0, 1})
    EXPECT_TRUE(torch::equal(seen.features[other], x[other])) << other;
}

TEST(Temporal, MayTakeEveryChannel) {
  torch::manual_seed(0);
  Temporal temporal(kMaps, at_strides({32}, 1));
  const auto seen = temporal.forward(draw_features(2), {});
  EXPECT_TRUE(torch::equal(seen.features[3], 8 * seen.state[0]));
}

TEST(Temporal, KeepsTheClipsOfABatchApart) {
  torch::manual_seed(0);
  Temporal temporal(kMaps, {});
  const auto first = draw_features(2), second = draw_features(2);
  const auto both = temporal.forward(second, temporal.forward(first, {}).state);
  for (int64_t row = 0; row < 2; ++row) {
    const auto alone = [&](std::vector<Tensor> maps) {
      for (auto& map : maps) map = map.slice(0, row, row + 1);
      return maps;
    };
    const auto one = temporal.forward(alone(second), temporal.forward(alone(first), {}).state);
    EXPECT_TRUE(
        torch::allclose(one.features[2], both.features[2].slice(0, row, row + 1), 1e-4, 1e-5));
    EXPECT_TRUE(torch::allclose(one.state[1], both.state[1].slice(0, row, row + 1), 1e-4, 1e-5));
  }
}

TEST(Temporal, NamesTheStridesThatThereAre) {
  const auto refused = [](const std::vector<FeatureInfo>& maps, std::vector<int64_t> strides) {
    return error_of([&] { Temporal(maps, at_strides(std::move(strides))); });
  };
  EXPECT_EQ(refused(kMaps, {16, 12}),
            "model.temporal.strides = [16, 12], but no map is at stride 12; the encoder has maps "
            "at strides 4, 8, 16, 32");
}

TEST(Temporal, RefusesStatesAndMapsOfAnotherModel) {
  Temporal temporal(kMaps, {});
  const auto maps = draw_features(1);
  const auto state = temporal.forward(maps, {}).state;
  EXPECT_THROW(temporal.forward(maps, {state[0]}), c10::Error);
  EXPECT_THROW(temporal.forward(maps, {state[1], state[0]}), c10::Error);
  EXPECT_THROW(temporal.forward({maps[2], maps[3]}, {}), c10::Error);
  EXPECT_THROW(Temporal(kMaps, at_strides({}, 0)), c10::Error);
}

TEST(Temporal, ClonesToAnIndependentCopy) {
  torch::manual_seed(0);
  Temporal temporal(kMaps, {});
  const auto copy = std::dynamic_pointer_cast<Temporal>(temporal.clone());
  ASSERT_TRUE(copy);
  const auto maps = draw_features(2);
  const auto expected = temporal.forward(maps, {});
  fill(temporal, "stride16.gru.hh.0.weight", 0);
  const auto got = copy->forward(maps, {});
  EXPECT_TRUE(same(got.features, expected.features));
  EXPECT_TRUE(same(got.state, expected.state));
}

TEST(TemporalLayers, MakeOneOrNone) {
  EXPECT_TRUE(temporal_layers().at("convgru")(kMaps, {}));
  EXPECT_FALSE(temporal_layers().at("none")(kMaps, {}));
}

}  // namespace
}  // namespace manyfold::models
