#include <gtest/gtest.h>

#include "graph/passes.h"
#include "quantise/coverage.h"
#include "tests/graph/modules.h"

namespace manyfold::quantise {
namespace {

using torch::Tensor;

constexpr int64_t kFrames = 300;

/// A scene that moves slowly: [1, 4, 8, 8] at each frame.
Tensor moving(int64_t index) {
  const auto phase = torch::arange(256, torch::kFloat).view({1, 4, 8, 8}).mul(0.37);
  return (phase + 0.05 * static_cast<double>(index)).sin();
}

Tensor standing(int64_t) { return moving(0); }

struct Recurrent {
  Recurrent() {
    torch::manual_seed(3);
    cell = graph::GruCell(4);
  }
  void trace() {
    graph = graph::trace(
        *cell,
        [&](const graph::Tensors& in) {
          return graph::NamedTensors{{"state_out", cell->forward(in[0], in[1])}};
        },
        {{"x", torch::randn({2, 4, 8, 8})}, {"state_in", torch::randn({2, 4, 8, 8})}},
        graph::Mode::eval);
  }
  QuantisedModel quantised() {
    QuantiseOptions options;
    options.observer = "minmax";
    return QuantisedModel(*cell, graph, {{}, {{"state_in", "state_out", 1}}}, options);
  }
  /// 64 frames with the state before each, or with none.
  std::vector<graph::TensorMap> calibration(const std::vector<Tensor>& states) const {
    std::vector<graph::TensorMap> batches;
    for (int64_t i = 0; i < 64; ++i) {
      const auto t = i * kFrames / 64;
      const auto at = static_cast<size_t>(t);
      batches.push_back({{"x", moving(t)},
                         {"state_in", states.empty() ? torch::zeros({1, 4, 8, 8}) : states[at]}});
    }
    return batches;
  }
  /// The state after every frame, the start first.
  static std::vector<Tensor> run(const graph::Graph& graph, Tensor (*scene)(int64_t) = moving) {
    const torch::NoGradGuard no_grad;
    const graph::Replay replay(graph);
    std::vector<Tensor> states = {torch::zeros({1, 4, 8, 8})};
    for (int64_t i = 0; i < kFrames; ++i)
      states.push_back(replay.run({{"x", scene(i)}, {"state_in", states.back()}})[0]);
    return states;
  }

  graph::GruCell cell{nullptr};
  graph::Graph graph;
};

TEST(QuantisedState, IsFloatAndItsLayersReadARoundedCopy) {
  Recurrent recurrent;
  recurrent.trace();
  const auto model = recurrent.quantised();
  const auto& plan = model.plan();
  ASSERT_EQ(plan.layers.size(), 2u) << "the gates and the candidate";
  EXPECT_EQ(plan.find("state_in")->kind, TensorPlan::floating);
  EXPECT_EQ(plan.find("state_in")->reason, "memory, where small changes count");
  for (const auto* op : {"sigmoid", "tanh", "mul", "mul_2", "add"})
    EXPECT_EQ(plan.find(op)->kind,
              op == std::string("mul") ? TensorPlan::shared : TensorPlan::floating)
        << op << ": r h alone is read by a layer";
  for (const auto& layer : plan.layers) EXPECT_NE(plan.find(layer.output)->owner, "") << layer.node;
  const auto* copy = plan.find("alias");
  ASSERT_NE(copy, nullptr);
  EXPECT_EQ(copy->owner, plan.find("x")->owner) << "they are concatenated";
}

TEST(QuantisedState, HoldsItsBoundThoughCalibratedFromAnEmptyState) {
  Recurrent recurrent;
  recurrent.trace();
  auto model = recurrent.quantised();
  auto batches = recurrent.calibration({});
  for (auto& batch : batches) batch["x"] = batch.at("x").abs() * 3;  // as behind a ReLU
  model.calibrate(batches);
  auto& quantiser = *model.quantisers().activations.at(model.plan().find("alias")->owner);
  EXPECT_EQ(quantiser.range().first, -1);
  EXPECT_NEAR(quantiser.range().second, 3, 0.01);
  quantiser.set_range({-0.1, 0.5});  // as training with quiet pictures moves it
  EXPECT_EQ(quantiser.range(), Range(-1, 1));
}

TEST(QuantisedState, ItsErrorDoesNotGrowOver300Frames) {
  Recurrent recurrent;
  recurrent.trace();
  const auto exact = Recurrent::run(recurrent.graph);
  auto model = recurrent.quantised();
  model.calibrate(recurrent.calibration(exact));
  const auto rounded = Recurrent::run(model.integer());
  const auto error = [&](size_t from) {
    double sum = 0;
    for (size_t i = from; i < from + 50; ++i)
      sum += (rounded[i] - exact[i]).abs().mean().item<double>();
    return sum / 50;
  };
  const double early = error(1), late = error(251);
  RecordProperty("early", std::to_string(early));
  RecordProperty("late", std::to_string(late));
  EXPECT_GT(late, 0) << "it is rounded";
  EXPECT_LT(late, 1.5 * early) << "the error of the state grows";
  EXPECT_LT(late, 2.0 / 255) << "a step of inputs in [-1, 1]";
}

// An update of z = sigmoid(-4) = 0.018 moves a state in steps of 1/128 only where it is 0.22 away
// from the candidate.
TEST(QuantisedState, ChangesThatAreSmallerThanAStepAddUp) {
  Recurrent recurrent;
  {
    const torch::NoGradGuard no_grad;
    auto& gates = recurrent.cell->gates;
    gates->weight.slice(0, 4).zero_();
    gates->bias.slice(0, 4).fill_(-4);
    recurrent.cell->candidate->weight.mul_(0.3);  // candidates of about 0.1
    recurrent.cell->candidate->bias.fill_(0.1);
  }
  recurrent.trace();
  const auto exact = Recurrent::run(recurrent.graph, standing);
  ASSERT_LT(exact.back().abs().mean().item<double>(), 0.22);
  ASSERT_GT(exact.back().abs().mean().item<double>(), 0.05);
  auto model = recurrent.quantised();
  model.calibrate(recurrent.calibration({}));
  const auto rounded = Recurrent::run(model.integer(), standing);
  const auto error = (rounded.back() - exact.back()).abs();
  EXPECT_LT(error.mean().item<double>(), 0.1 * exact.back().abs().mean().item<double>());
}

TEST(QuantisedState, HasNoEncodingForConverters) {
  Recurrent recurrent;
  recurrent.trace();
  auto model = recurrent.quantised();
  model.calibrate(recurrent.calibration({}));
  std::map<std::string, std::string> names;
  const auto graph = model.frozen();
  for (const auto& value : graph.values()) names[value->name] = value->name;
  names["alias"] = "state_in";  // as it is written
  const auto encodings = nlohmann::json::parse(encodings_json(model, names));
  EXPECT_FALSE(encodings.at("activation_encodings").contains("state_in"));
  EXPECT_TRUE(encodings.at("activation_encodings").contains("x"));
}

}  // namespace
}  // namespace manyfold::quantise
