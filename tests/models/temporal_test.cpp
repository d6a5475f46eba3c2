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
TEST(Temporal, TakesHalfOfTheCoarseMapsOfEveryEncoder) {
  const auto shares = [](const std::string& name) {
    return channels_of(Temporal(encoders().at(name)(Stem::conv)->features(), {}));
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

TEST(Temporal, ChangesNothingAtFirst) {
  torch::manual_seed(0);
  Temporal temporal(kMaps, {});
  const auto first = draw_features(2), second = draw_features(2);
  const auto after_first = temporal.forward(first, {});
  const auto after_second = temporal.forward(second, after_first.state);
  EXPECT_TRUE(same(after_first.features, first));
  EXPECT_TRUE(same(after_second.features, second));
  EXPECT_FALSE(same(after_second.state, after_first.state));
}

// The state is the ConvGRU's, whatever is made of it.
TEST(Temporal, RemembersTheLastChannelsByAConvGru) {
  torch::manual_seed(0);
  Temporal temporal(kMaps, at_strides({16}));
  ConvGru gru(ConvGruOptions(16));
  StateDict weights;
  for (const auto& name : {"ih.0.weight", "ih.0.bias", "hh.0.weight", "hh.0.bias"}) {
    weights[name] = state_dict(temporal).at(std::string("stride16.gru.") + name);
  }
  load_state(*gru, weights, "stride16");
  const auto first = draw_features(2), second = draw_features(2);
  const auto state = temporal.forward(second, temporal.forward(first, {}).state).state;
  const auto last = [](const Tensor& map) { return map.slice(1, 24 - 16); };
  ASSERT_EQ(state.size(), 1u);
  EXPECT_TRUE(
      torch::allclose(state[0], gru->forward(last(second[2]), gru->forward(last(first[2])))));
}

TEST(Temporal, MixesWhatItSeesWithWhatItRemembers) {
  torch::manual_seed(0);
  Temporal temporal(kMaps, at_strides({16, 32}));
  fill(temporal, "stride16.pass", 0.5);
  fill(temporal, "stride16.recall", 2);
  const auto x = draw_features(2);
  const auto seen = temporal.forward(x, {});
  EXPECT_TRUE(torch::equal(seen.features[2].slice(1, 0, 8), x[2].slice(1, 0, 8)));  // untouched
  EXPECT_TRUE(
      torch::allclose(seen.features[2].slice(1, 8), 0.5 * x[2].slice(1, 8) + 2 * seen.state[0]));
  for (const size_t other : {0, 1, 3})
    EXPECT_TRUE(torch::equal(seen.features[other], x[other])) << other;
}

TEST(Temporal, MayTakeEveryChannel) {
  torch::manual_seed(0);
  Temporal temporal(kMaps, at_strides({32}, 1));
  fill(temporal, "stride32.pass", 0);
  fill(temporal, "stride32.recall", 1);
  const auto seen = temporal.forward(draw_features(2), {});
  EXPECT_TRUE(torch::equal(seen.features[3], seen.state[0]));
}

// At the start dL/d(recall) = sum of dL/dy h', and nothing reaches the ConvGRU.
TEST(Temporal, LearnsFirstHowMuchToRecall) {
  torch::manual_seed(0);
  Temporal temporal(kMaps, at_strides({32}));
  const auto seen = temporal.forward(draw_features(2), {});
  seen.features[3].sum().backward();
  const auto parameters = temporal.named_parameters();
  EXPECT_TRUE(torch::allclose(parameters["stride32.recall"].grad(),
                              seen.state[0].detach().sum(torch::IntArrayRef{0, 2, 3}), 1e-4, 1e-5));
  EXPECT_EQ(parameters["stride32.gru.hh.0.weight"].grad().abs().max().item<double>(), 0);
}

TEST(Temporal, KeepsTheClipsOfABatchApart) {
  torch::manual_seed(0);
  Temporal temporal(kMaps, {});
  fill(temporal, "stride16.recall", 1);
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
  EXPECT_EQ(refused({{8, 4}, {8, 8}}, {}),
            "model.temporal.strides = [], which means 16 and 32, and neither is there: name "
            "others; the encoder has maps at strides 4, 8");
  EXPECT_EQ(channels_of(Temporal({{8, 8}, {16, 16}}, {})).size(), 1u);  // 16 alone
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
  fill(temporal, "stride32.recall", 0.5);
  const auto copy = std::dynamic_pointer_cast<Temporal>(temporal.clone());
  ASSERT_TRUE(copy);
  const auto maps = draw_features(2);
  const auto expected = temporal.forward(maps, {});
  fill(temporal, "stride32.recall", 0);
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
