#include "models/multitask.h"

#include <gmock/gmock.h>
#include <torch/optim/sgd.h>

#include "common/error.h"
#include "models/encoders.h"
#include "models/heads.h"
#include "testing.h"

namespace manyfold::models {
namespace {

MultiTaskModel make_model(const std::string& temporal = "none") {
  const auto encoder = encoders().at("edge_200k")(Stem::conv);
  const auto features = encoder->features();
  HeadOptions hands, faces;
  hands.classes = 4;
  faces.landmarks = 5;
  return MultiTaskModel(encoder,
                        std::vector<std::pair<std::string, std::shared_ptr<Head>>>{
                            {"hands", heads().at("classification")(features, hands)},
                            {"person", heads().at("segmentation")(features, {})},
                            {"faces", heads().at("detector")(features, faces)}},
                        temporal_layers().at(temporal)(features, {}));
}

MultiTaskModel make_temporal_model() {
  auto model = make_model("convgru");
  model->eval();
  return model;
}

torch::Tensor pictures(int64_t n) { return torch::randint(0, 256, {n, 3, 64, 64}, torch::kUInt8); }

TEST(MultiTaskModel, RunsEveryHeadOrOneAlone) {
  torch::manual_seed(0);
  auto model = make_model();
  model->eval();
  EXPECT_EQ(model->tasks(), (std::vector<std::string>{"hands", "person", "faces"}));
  const auto x = pictures(2);
  const auto all = model->forward(x);
  ASSERT_EQ(all.size(), 3u);
  for (const auto& task : model->tasks()) {
    EXPECT_TRUE(torch::equal(all.at(task)[0], model->head(task, model->encode(x))[0])) << task;
  }
  EXPECT_THROW(model->head("gaze", model->encode(x)), c10::Error);
}

TEST(MultiTaskModel, NamesItsPartsAsPyTorchWould) {
  const auto state = state_dict(*make_model());
  EXPECT_TRUE(state.count("encoder.stride4.0.conv.weight"));
  EXPECT_TRUE(state.count("encoder.stride8.1.block1.norm.running_var"));
  EXPECT_TRUE(state.count("heads.person.out.conv.bias"));
  EXPECT_TRUE(state.count("scale"));
}

// ImageNet's mean (0.485, 0.456, 0.406) and deviation (0.229, 0.224, 0.225) of pixels in [0, 1].
TEST(MultiTaskModel, NormalisesPicturesItself) {
  struct Tap : Encoder {
    std::vector<torch::Tensor> forward(const torch::Tensor& x) override { return {x}; }
    std::vector<FeatureInfo> features() const override { return {{3, 1}}; }
  };
  MultiTaskModel model(std::make_shared<Tap>(),
                       std::vector<std::pair<std::string, std::shared_ptr<Head>>>{});
  const auto x = model->encode(torch::full({1, 3, 1, 1}, 255, torch::kUInt8))[0].flatten();
  EXPECT_NEAR(x[0].item<double>(), (1 - 0.485) / 0.229, 1e-5);
  EXPECT_NEAR(x[1].item<double>(), (1 - 0.456) / 0.224, 1e-5);
  EXPECT_NEAR(x[2].item<double>(), (1 - 0.406) / 0.225, 1e-5);
}

TEST(MultiTaskModel, AFrozenPartKeepsItsTensorsThroughTraining) {
  torch::manual_seed(0);
  auto model = make_model();
  model->freeze("encoder");
  model->train();  // what every epoch does
  std::map<std::string, torch::Tensor> before;
  for (const auto& [name, tensor] : state_dict(*model)) before[name] = tensor.clone();
  torch::optim::SGD optimiser(model->parameters(), torch::optim::SGDOptions(0.1).weight_decay(0.1));
  model->forward(pictures(2)).at("hands")[0].square().sum().backward();
  optimiser.step();
  for (const auto& [name, tensor] : state_dict(*model)) {
    if (name.rfind("encoder.", 0) != 0) continue;
    EXPECT_TRUE(torch::equal(tensor, before[name])) << name;
  }
  EXPECT_FALSE(torch::equal(state_dict(*model).at("heads.hands.scores.weight"),
                            before["heads.hands.scores.weight"]));
}

TEST(MultiTaskModel, AnUnfrozenPartLearnsAgain) {
  auto model = make_model();
  model->freeze("heads.faces");
  model->unfreeze("heads.faces");
  EXPECT_TRUE(model->frozen().empty());
  for (const auto& parameter : model->parameters()) EXPECT_TRUE(parameter.requires_grad());
  for (const auto& module : model->modules()) EXPECT_TRUE(module->is_training());
}

TEST(MultiTaskModel, NamesThePartsThatCanBeFrozen) {
  auto model = make_model();
  try {
    model->freeze("heads.face");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(),
                testing::HasSubstr("no part 'heads.face'; did you mean 'heads.faces'? "
                                   "known: encoder, encoder.stride16,"));
  }
  EXPECT_THROW(model->freeze(""), ConfigError);
  EXPECT_TRUE(model->frozen().empty());
}

TEST(MultiTaskModel, ClonesWithItsModesAndFrozenParts) {
  torch::manual_seed(0);
  auto model = make_model();
  expect_independent_clone(*model->clone()->as<MultiTaskModelImpl>(), pictures(1));
  model->train();
  model->freeze("encoder");
  const auto copy = std::dynamic_pointer_cast<MultiTaskModelImpl>(model->clone());
  EXPECT_EQ(copy->frozen(), model->frozen());
  EXPECT_TRUE(copy->is_training());
  EXPECT_FALSE(copy->encoder().is_training());
  EXPECT_FALSE(copy->encoder().parameters()[0].requires_grad());
}

TEST(MultiTaskModel, HasNoMemoryUnlessItIsGivenOne) {
  torch::manual_seed(0);
  auto model = make_model();
  model->eval();
  EXPECT_EQ(model->temporal(), nullptr);
  for (const auto& [name, tensor] : state_dict(*model)) EXPECT_NE(name.rfind("temporal", 0), 0u);
  const auto x = pictures(2);
  const auto maps = model->encode(x);
  const auto seen = model->remember(maps, {});
  EXPECT_TRUE(same(seen.features, maps));
  EXPECT_TRUE(seen.state.empty());
  EXPECT_TRUE(same(model->forward(x, {}).outputs, model->forward(x)));
  EXPECT_THROW(model->remember(maps, {maps[0]}), c10::Error);
}

// What a new memory changes of a map's numbers x is x^3 / 192: 0.04 of 2.
TEST(MultiTaskModel, HardlyChangesWhenANewMemoryIsPutIn) {
  torch::manual_seed(0);
  auto still = make_model(), grafted = make_model("convgru");
  still->eval();
  grafted->eval();
  auto weights = state_dict(*grafted);
  for (const auto& [name, tensor] : state_dict(*still)) weights.at(name) = tensor;
  load_state(*grafted, weights, "grafted");
  const auto x = pictures(2);
  const auto maps = still->encode(x);
  const auto seen = grafted->remember(grafted->encode(x), {});
  for (size_t i = 0; i < maps.size(); ++i) {
    const auto change = (seen.features[i] - maps[i]).abs();
    EXPECT_TRUE(torch::all(change <= maps[i].pow(3).abs() / 192 + 1e-5).item<bool>()) << i;
  }
  // A picture that stays is seen as it was.
  const auto again = grafted->remember(grafted->encode(x), seen.state);
  for (size_t i = 0; i < maps.size(); ++i)
    EXPECT_TRUE(torch::allclose(again.features[i], seen.features[i], 1e-4, 1e-5)) << i;
}

TEST(MultiTaskModel, TakesAVideoFrameByFrame) {
  torch::manual_seed(0);
  auto model = make_temporal_model();
  EXPECT_TRUE(state_dict(*model).count("temporal.stride16.gru.ih.0.weight"));
  const auto first = pictures(2), second = pictures(2);
  const auto step = model->forward(first, {});
  EXPECT_TRUE(same(step.outputs, model->forward(first)));  // a first frame is a still
  ASSERT_EQ(step.state.size(), 4u);

  const auto next = model->forward(second, step.state);
  const auto seen = model->remember(model->encode(second), step.state);
  EXPECT_TRUE(same(next.outputs.at("person"), model->head("person", seen.features)));
  EXPECT_TRUE(same(next.state, seen.state));
  EXPECT_FALSE(same(next.outputs.at("person"), model->forward(second).at("person")));
}

TEST(MultiTaskModel, FreezesAndClonesItsMemory) {
  torch::manual_seed(0);
  auto model = make_temporal_model();
  model->freeze("temporal");
  for (const auto& parameter : model->temporal()->parameters())
    EXPECT_FALSE(parameter.requires_grad());
  const auto copy = std::dynamic_pointer_cast<MultiTaskModelImpl>(model->clone());
  ASSERT_TRUE(copy->temporal());
  EXPECT_NE(copy->temporal(), model->temporal());
  EXPECT_EQ(copy->frozen(), model->frozen());
  const auto x = pictures(1);
  const auto state = model->forward(pictures(1), {}).state;
  EXPECT_TRUE(same(copy->forward(x, state).outputs, model->forward(x, state).outputs));
  model->unfreeze("temporal");
  for (const auto& parameter : model->temporal()->parameters())
    EXPECT_TRUE(parameter.requires_grad());
}

}  // namespace
}  // namespace manyfold::models
