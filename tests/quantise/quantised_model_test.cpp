#include "quantise/quantised_model.h"

#include <gmock/gmock.h>

#include <sstream>

#include "common/error.h"
#include "graph/replay.h"
#include "quantise/coverage.h"
#include "quantise/roles.h"
#include "quantise/sensitivity.h"
#include "tests/errors.h"
#include "tests/graph/modules.h"
#include "tests/graph/shipped_models.h"

namespace manyfold::quantise {
namespace {

using testing::HasSubstr;
using torch::Tensor;

/// Two batches of 16 pictures each.
std::vector<graph::TensorMap> pictures(int64_t size = 16) {
  torch::manual_seed(7);
  std::vector<graph::TensorMap> batches;
  for (int i = 0; i < 2; ++i)
    batches.push_back({{"pictures", torch::randint(256, {16, 3, size, size}, torch::kUInt8)}});
  return batches;
}

QuantiseOptions options_for_two_heads() {
  QuantiseOptions options;
  options.keep_float = {"up"};
  return options;
}

/// LibTorch begins with another seed in every process.
struct Seeded {
  Seeded() { torch::manual_seed(1); }
};

struct Fixture : Seeded {
  explicit Fixture(const QuantiseOptions& options = options_for_two_heads(), bool learned = false)
      : model(*module, traced(), {}, options, learned) {}
  graph::Graph traced() {
    module->eval();
    return graph::trace_pictures(module, graph::Mode::eval);
  }
  Tensor run(const graph::Graph& graph) const {
    const torch::NoGradGuard no_grad;
    return graph::Replay(graph).run(pictures()[0], {"classes"})[0];
  }
  graph::TwoHeads module;
  QuantisedModel model;
};

double relative(const Tensor& a, const Tensor& b) {
  return ((a - b).norm() / b.norm()).item<double>();
}

TEST(QuantisedModel, IsTheFloatModelUntilItIsCalibrated) {
  Fixture fixture;
  const auto expected = fixture.run(fixture.traced());
  EXPECT_LT(relative(fixture.run(fixture.model.graph()), expected), 1e-5);
  fixture.model.calibrate(pictures());
  const auto found = relative(fixture.run(fixture.model.graph()), expected);
  EXPECT_GT(found, 1e-5) << "nothing was rounded";
  EXPECT_LT(found, 0.1);
}

class Observers : public testing::TestWithParam<const char*> {};
TEST_P(Observers, FindUsableRanges) {
  auto options = options_for_two_heads();
  options.observer = GetParam();
  options.weights = "mse";
  Fixture fixture(options);
  const auto expected = fixture.run(fixture.traced());
  fixture.model.calibrate(pictures());
  EXPECT_LT(relative(fixture.run(fixture.model.graph()), expected), 0.1);
}
INSTANTIATE_TEST_SUITE_P(Of, Observers,
                         testing::Values("minmax", "moving_average", "percentile", "mse"));

TEST(QuantisedModel, WithMinMaxRangesHoldsEveryValueOfTheCalibration) {
  auto options = options_for_two_heads();
  options.observer = "minmax";
  Fixture fixture(options);
  fixture.model.calibrate(pictures());
  const torch::NoGradGuard no_grad;
  const graph::Replay replay(fixture.model.float_graph());
  for (const auto& tensor : fixture.model.plan().tensors) {
    if (tensor.kind == TensorPlan::floating) continue;
    const auto value = replay.run(pictures()[0], {tensor.name})[0];
    const auto encoding = fixture.model.quantisers().of(tensor).encoding();
    EXPECT_LE(value.max().item<float>(), encoding.max() + encoding.scale) << tensor.name;
    EXPECT_GE(value.min().item<float>(), encoding.min() - encoding.scale) << tensor.name;
  }
}

TEST(QuantisedModel, EncodedGivesWhatTheTrainedGraphGives) {
  Fixture fixture;
  fixture.model.calibrate(pictures());
  const auto trained = fixture.run(fixture.model.graph());
  const auto encoded = fixture.run(fixture.model.encoded());
  // Only the biases are rounded besides, to 32 bits.
  EXPECT_LT(relative(encoded, trained), 0.02);
}

TEST(QuantisedModel, TrainsItsModelsParameters) {
  Fixture fixture;
  fixture.model.calibrate(pictures());
  const auto before = fixture.module->stem->bn->running_mean.clone();
  graph::Replay(fixture.model.graph()).run(pictures()[0], {"classes"})[0].square().sum().backward();
  for (const auto* name : {"stem.conv.weight", "stem.bn.weight", "stem.bn.bias", "classes.weight"})
    EXPECT_GT(fixture.module->named_parameters()[name].grad().abs().sum().item<float>(), 0) << name;
  EXPECT_TRUE(torch::equal(before, fixture.module->stem->bn->running_mean)) << "statistics moved";
}

TEST(QuantisedModel, LearnsStepsWhenAsked) {
  Fixture fixture(options_for_two_heads(), /*learned=*/true);
  fixture.model.calibrate(pictures());
  graph::Replay(fixture.model.graph()).run(pictures()[0], {"classes"})[0].square().sum().backward();
  int64_t steps = 0;
  for (const auto& parameter : fixture.module->named_parameters()) {
    if (parameter.key().find("quantisers.") != 0 || !parameter.value().grad().defined()) continue;
    ++steps;
    EXPECT_TRUE(parameter.value().grad().isfinite().all().item<bool>()) << parameter.key();
  }
  EXPECT_GT(steps, 10);
}

TEST(QuantisedModel, EqualisesWithoutChangingTheFloatModel) {
  auto options = options_for_two_heads();
  options.equalise = true;
  Fixture fixture(options);
  const auto expected = fixture.run(fixture.traced());
  fixture.model.calibrate(pictures());
  EXPECT_LT(relative(fixture.run(fixture.model.float_graph()), expected), 1e-4);
}

TEST(QuantisedModel, CorrectsBiasesWhenAsked) {
  auto options = options_for_two_heads();
  options.correct_bias = true;
  Fixture fixture(options);
  const auto expected = fixture.run(fixture.traced());
  const auto bias = fixture.module->classes->bias.detach().clone();
  fixture.model.calibrate(pictures());
  EXPECT_FALSE(torch::equal(fixture.module->classes->bias, bias));
  EXPECT_LT(relative(fixture.run(fixture.model.graph()), expected), 0.1);
}

TEST(QuantisedModel, NamesWhatHasNoIntegerForm) {
  EXPECT_THAT(error_of([] { Fixture fixture{QuantiseOptions{}}; }),
              testing::AllOf(HasSubstr("up/convolution"), HasSubstr("quantise.float=[up")));
}

TEST(QuantisedModel, RefusesCalibrationThatTellsNothing) {
  Fixture fixture;
  const auto with = [&](const Tensor& tensor) {
    return error_of([&] { fixture.model.calibrate({{{"pictures", tensor}}}); });
  };
  EXPECT_THAT(with(torch::randint(256, {1, 3, 16, 16}, torch::kUInt8)),
              HasSubstr("at least 16 pictures, found 1"));
  EXPECT_THAT(with(torch::zeros({20, 3, 16, 16}, torch::kUInt8)), HasSubstr("of one colour"));
}

/// Two layers with one scale give nothing but 0.
void silence(graph::TwoHeads& module) {
  const torch::NoGradGuard no_grad;
  for (auto* layer : {&module->narrow, &module->wide}) {
    (*layer)->bn->weight.zero_();
    (*layer)->bn->bias.fill_(-1);
  }
}

TEST(QuantisedModel, NamesALayerThatNeverFires) {
  Fixture fixture;
  silence(fixture.module);
  EXPECT_THAT(error_of([&] { fixture.model.calibrate(pictures()); }),
              testing::AllOf(HasSubstr("wide/relu"), HasSubstr("never fires")));
}

/// The names in "quantise.float=[a, b]".
std::vector<std::string> advised(const std::string& message) {
  const std::string option = "quantise.float=[";
  const auto at = message.find(option) + option.size();
  std::stringstream list(message.substr(at, message.find(']', at) - at));
  std::vector<std::string> names;
  for (std::string name; std::getline(list >> std::ws, name, ',');) names.push_back(name);
  return names;
}

TEST(QuantisedModel, ALayerThatNeverFiresCanBeKeptInFloatAsAdvised) {
  auto options = options_for_two_heads();
  std::string message;
  for (int round = 0; round < 4 && message != "no error"; ++round) {
    if (round > 0) {
      const auto names = advised(message);
      EXPECT_THAT(names, testing::Not(testing::IsEmpty()));
      options.keep_float.insert(options.keep_float.end(), names.begin(), names.end());
    }
    Fixture fixture(options);
    silence(fixture.module);
    message = error_of([&] { fixture.model.calibrate(pictures()); });
    EXPECT_NE(message, round == 0 ? "no error" : "");
  }
  EXPECT_EQ(message, "no error");
}

/// Two branches that re-parameterisation makes one convolution of.
struct BranchesImpl : torch::nn::Module {
  BranchesImpl()
      : wide(torch::nn::Conv2dOptions(3, 4, 3).padding(1)),
        narrow(torch::nn::Conv2dOptions(3, 4, 1)),
        wide_bn(4),
        narrow_bn(4),
        out(torch::nn::Conv2dOptions(4, 2, 1)) {
    register_module("wide", wide);
    register_module("narrow", narrow);
    register_module("wide_bn", wide_bn);
    register_module("narrow_bn", narrow_bn);
    register_module("out", out);
  }
  graph::NamedTensors forward(const Tensor& pictures) {
    const auto x = pictures.to(torch::kFloat) / 255;
    return {{"y", out((wide_bn(wide(x)) + narrow_bn(narrow(x))).relu())}};
  }
  torch::nn::Conv2d wide, narrow;
  torch::nn::BatchNorm2d wide_bn, narrow_bn;
  torch::nn::Conv2d out;
};
TORCH_MODULE(Branches);

TEST(QuantisedModel, RefusesLiveBatchNormOfBranchesThatAreFused) {
  torch::manual_seed(1);
  Branches module;
  const QuantisedModel model(*module, graph::trace_pictures(module, graph::Mode::eval), {}, {});
  EXPECT_EQ(model.plan().layers.size(), 2u) << "the branches are one layer";
  EXPECT_THAT(
      error_of([&] { model.live_graph(graph::trace_pictures(module, graph::Mode::train)); }),
      HasSubstr("qat.batch_norm=folded"));
}

/// Layers a_b and a.b, whose names differ in a dot alone.
struct AlikeImpl : torch::nn::Module {
  AlikeImpl()
      : first(torch::nn::Conv2dOptions(3, 4, 1)), second(torch::nn::Conv2dOptions(4, 2, 1)) {
    register_module("a_b", first);
    register_module("a", std::make_shared<torch::nn::Module>())->register_module("b", second);
  }
  graph::NamedTensors forward(const Tensor& pictures) {
    return {{"y", second(first(pictures.to(torch::kFloat) / 255))}};
  }
  torch::nn::Conv2d first, second;
};
TORCH_MODULE(Alike);

TEST(QuantisedModel, TellsLayersApartWhoseNamesAreAlike) {
  torch::manual_seed(1);
  Alike module;
  QuantisedModel model(*module, graph::trace_pictures(module, graph::Mode::eval), {}, {});
  model.calibrate(pictures());
  const auto buffers = module->named_buffers();
  EXPECT_TRUE(buffers.contains("quantisers.a_b_convolution.range"));
  EXPECT_TRUE(buffers.contains("quantisers.a_b_convolution_2.range"));
  EXPECT_TRUE(buffers.contains("quantisers.a_b_convolution_weight.shrink"));
  EXPECT_TRUE(buffers.contains("quantisers.a_b_convolution_weight_2.shrink"));
}

/// Puts a plane of constants beside what a layer gives.
struct PlaneImpl : torch::nn::Module {
  PlaneImpl()
      : first(torch::nn::Conv2dOptions(3, 4, 1)), second(torch::nn::Conv2dOptions(5, 2, 1)) {
    register_module("first", first);
    register_module("second", second);
    plane = register_buffer("plane", torch::full({1, 1, 16, 16}, 50.0F));
  }
  graph::NamedTensors forward(const Tensor& pictures) {
    const auto x = first(pictures.to(torch::kFloat) / 255);
    return {{"y", second(torch::cat({x, plane.expand({x.size(0), 1, 16, 16})}, 1))}};
  }
  torch::nn::Conv2d first, second;
  Tensor plane;
};
TORCH_MODULE(Plane);

TEST(QuantisedModel, FindsARangeThatHoldsConstantsBesideActivations) {
  torch::manual_seed(1);
  Plane module;
  const auto traced = graph::trace_pictures(module, graph::Mode::eval);
  QuantisedModel model(*module, traced, {}, {});
  model.calibrate(pictures());
  const auto* joined = model.plan().find("cat");
  ASSERT_NE(joined, nullptr);
  EXPECT_NEAR(model.quantisers().of(*joined).encoding().max(), 50, 0.5);
  const torch::NoGradGuard no_grad;
  const auto expected = graph::Replay(traced).run(pictures()[0])[0];
  EXPECT_LT(relative(graph::Replay(model.graph()).run(pictures()[0])[0], expected), 0.1);
  EXPECT_LT(relative(graph::Replay(model.encoded()).run(pictures()[0])[0], expected), 0.1);
}

/// A layer one of whose channels is its bias alone.
struct DeadChannelImpl : torch::nn::Module {
  DeadChannelImpl() : out(torch::nn::Conv2dOptions(3, 2, 1)) {
    register_module("out", out);
    const torch::NoGradGuard no_grad;
    out->weight[0].zero_();
    out->bias[0].fill_(20);
  }
  graph::NamedTensors forward(const Tensor& pictures) {
    return {{"y", out(pictures.to(torch::kFloat) / 255)}};
  }
  torch::nn::Conv2d out;
};
TORCH_MODULE(DeadChannel);

// In steps of 1e-6 / 255, the smallest scale times that of the picture, 32 bits end at 8.4.
TEST(QuantisedModel, WritesABiasThatSmallWeightsLeaveNoRoomFor) {
  torch::manual_seed(1);
  DeadChannel module;
  QuantisedModel model(*module, graph::trace_pictures(module, graph::Mode::eval), {}, {});
  model.calibrate(pictures());
  const auto y = graph::Replay(model.encoded()).run(pictures()[0])[0];
  EXPECT_NEAR(y.select(1, 0).min().item<double>(), 20, 0.1);
  const auto coverage = coverage_of(model, "mse");
  EXPECT_NEAR(coverage["weights"][0]["scale"][0].get<double>(), 20 / 2147483520.0 * 255, 1e-7);
}

TEST(QuantisedModel, NamesALayerWithoutARange) {
  Fixture fixture;
  {
    const torch::NoGradGuard no_grad;
    fixture.module->grouped->conv->weight[0][0][0][0] = NAN;
  }
  EXPECT_THAT(error_of([&] { fixture.model.calibrate(pictures()); }),
              testing::AllOf(HasSubstr("grouped/relu"), HasSubstr("infinite or NaN")));
}

TEST(QuantisedModel, RefusesZeroPointsForATargetWithoutThem) {
  auto options = options_for_two_heads();
  options.target = "tensorrt";
  EXPECT_THAT(error_of([&] { Fixture fixture(options); }),
              testing::AllOf(HasSubstr("tensorrt"), HasSubstr("quantise.activations=int8")));
  options.activations = "int8";
  Fixture fixture(options);
  fixture.model.calibrate(pictures());
  for (const auto& [name, quantiser] : fixture.model.quantisers().activations)
    EXPECT_EQ(quantiser->encoding().zero_point, 0) << name;
}

TEST(Coverage, ListsEveryTensorOnce) {
  Fixture fixture;
  fixture.model.calibrate(pictures());
  const auto coverage = coverage_of(fixture.model, "mse over 32 pictures");
  std::set<std::string> names;
  for (const auto& tensor : coverage["tensors"]) {
    EXPECT_TRUE(names.insert(tensor["name"]).second) << tensor["name"];
    EXPECT_FALSE(tensor["reason"].get<std::string>().empty()) << tensor["name"];
    if (tensor["state"] == "float") continue;
    EXPECT_GT(tensor["scale"].get<double>(), 0);
  }
  const auto activations = activations_of(fixture.model.float_graph());
  EXPECT_EQ(names.size(), activations.size());
  for (const auto* value : activations) EXPECT_EQ(names.count(value->name), 1) << value->name;
  EXPECT_EQ(coverage["weights"].size(), fixture.model.plan().layers.size());
}

TEST(Encodings, FollowAimetsFormat) {
  Fixture fixture;
  fixture.model.calibrate(pictures());
  std::map<std::string, std::string> names;
  const auto frozen = fixture.model.frozen();
  for (const auto& value : frozen.values()) names[value->name] = value->name;
  const auto json = nlohmann::json::parse(encodings_json(fixture.model, names));
  EXPECT_EQ(json["version"], "0.6.1");
  const auto& entry = json["activation_encodings"]["stem/relu"][0];
  EXPECT_EQ(entry["bitwidth"], 8);
  EXPECT_EQ(entry["offset"], 0);
  EXPECT_EQ(entry["is_symmetric"], "False");
  EXPECT_NEAR(entry["max"].get<double>(), 255 * entry["scale"].get<double>(), 1e-6);
  ASSERT_EQ(json["param_encodings"].size(), fixture.model.plan().layers.size());
  const auto& weight = json["param_encodings"].front();
  EXPECT_EQ(weight[0]["offset"], -128);
  EXPECT_NEAR(weight[0]["min"].get<double>(), -128 * weight[0]["scale"].get<double>(), 1e-6);
}

TEST(Sensitivity, MeasuresLayersOneAtATimeAndSortsThem) {
  Fixture fixture;
  fixture.model.calibrate(pictures());
  const auto expected = fixture.run(fixture.model.float_graph());
  const auto rows = sensitivity(
      fixture.model, [&] { return -relative(fixture.run(fixture.model.graph()), expected); });
  EXPECT_GE(rows.size(), fixture.model.plan().layers.size());
  for (size_t i = 1; i < rows.size(); ++i) EXPECT_GE(rows[i - 1].loss, rows[i].loss);
  EXPECT_GT(rows.front().loss, 0);
  const auto whole = relative(fixture.run(fixture.model.graph()), expected);
  EXPECT_LT(rows.front().loss, 3 * whole) << "one layer cannot cost much more than all";
}

class Shipped : public testing::TestWithParam<graph::ShippedModel> {};
TEST_P(Shipped, IsQuantisedThroughout) {
  torch::manual_seed(1);
  auto model = GetParam().make();
  model->eval();
  const auto traced = graph::trace_model(model, graph::Mode::eval);
  const ModelFacts facts{{{"detector",
                           {{"box", {0, 1, 2, 3}},
                            {"score", {4, 5, 6}},
                            {"landmarks", {7, 8, 9, 10, 11, 12, 13, 14, 15, 16}}}}},
                         {}};
  // The parts of one anchor; the shipped heads have three.
  ModelFacts repeated;
  for (const auto& [part, channels] : facts.parts.at("detector")) {
    for (int64_t anchor = 0; anchor < 3; ++anchor) {
      for (const auto channel : channels)
        repeated.parts["detector"][part].push_back(anchor * 17 + channel);
    }
  }
  QuantisedModel quantised(*model, traced, repeated, {});
  const auto batches = pictures(64);
  const torch::NoGradGuard no_grad;
  const auto expected = graph::Replay(traced).run(batches[0]);
  quantised.calibrate(batches);
  const auto found = graph::Replay(quantised.graph()).run(batches[0]);
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_LT(relative(found[i], expected[i]), 0.3) << traced.outputs()[i].first;
  const std::set<std::string> reasons = {"before the first layer", "behind the last layer",
                                         "inside its layer: the activation behind it is quantised"};
  for (const auto& tensor : quantised.plan().tensors) {
    if (tensor.kind != TensorPlan::floating) continue;
    EXPECT_EQ(reasons.count(tensor.reason), 1) << tensor.name << ": " << tensor.reason;
  }
}
INSTANTIATE_TEST_SUITE_P(Models, Shipped, testing::ValuesIn(graph::shipped_models()),
                         [](const auto& info) { return info.param.name(); });

}  // namespace
}  // namespace manyfold::quantise
