#include <gtest/gtest.h>

#include "graph/passes.h"
#include "quantise/quantised_model.h"
#include "tests/graph/modules.h"

namespace manyfold::quantise {
namespace {

constexpr int64_t kFrames = 300;

/// A scene that moves slowly: [1, 4, 8, 8] at each frame.
torch::Tensor frame(int64_t index) {
  const auto phase = torch::arange(256, torch::kFloat).view({1, 4, 8, 8}).mul(0.37);
  return (phase + 0.05 * static_cast<double>(index)).sin();
}

struct Recurrent {
  Recurrent() {
    torch::manual_seed(3);
    cell = graph::GruCell(4);
    graph = graph::trace(
        *cell,
        [&](const graph::Tensors& in) {
          return graph::NamedTensors{{"state_out", cell->forward(in[0], in[1])}};
        },
        {{"x", torch::randn({2, 4, 8, 8})}, {"state_in", torch::randn({2, 4, 8, 8})}},
        graph::Mode::eval);
  }
  /// The state after every frame.
  static std::vector<torch::Tensor> run(const graph::Graph& graph) {
    const torch::NoGradGuard no_grad;
    const graph::Replay replay(graph);
    std::vector<torch::Tensor> states = {torch::zeros({1, 4, 8, 8})};
    for (int64_t i = 0; i < kFrames; ++i)
      states.push_back(replay.run({{"x", frame(i)}, {"state_in", states.back()}})[0]);
    return states;
  }

  graph::GruCell cell{nullptr};
  graph::Graph graph;
};

TEST(QuantisedState, ItsErrorDoesNotGrowOver300Frames) {
  Recurrent recurrent;
  const auto exact = Recurrent::run(recurrent.graph);
  QuantiseOptions options;
  options.observer = "minmax";
  options.keep_float = {"*tanh*", "*sub*"};
  QuantisedModel model(*recurrent.cell, recurrent.graph, {{}, {{"state_in", "state_out"}}},
                       options);
  std::vector<graph::TensorMap> batches;
  for (int64_t i = 0; i < 64; ++i) {
    const auto at = static_cast<size_t>(i * kFrames / 64);
    batches.push_back({{"x", frame(i * kFrames / 64)}, {"state_in", exact[at]}});
  }
  model.calibrate(batches);
  const auto in = model.plan().find("state_in");
  const auto step = model.quantisers().of(*in).encoding().scale;
  const auto rounded = Recurrent::run(model.integer());
  const auto error = [&](size_t from, size_t to) {
    double worst = 0;
    for (size_t i = from; i < to; ++i)
      worst = std::max(worst, (rounded[i] - exact[i]).abs().mean().item<double>() / step);
    return worst;
  };
  const double early = error(1, 50), late = error(250, 301);
  RecordProperty("early_steps", std::to_string(early));
  RecordProperty("late_steps", std::to_string(late));
  EXPECT_LT(late, 1.5 * early) << "the error of the state grows";
  EXPECT_LT(late, 8) << "in steps of the state";
}

}  // namespace
}  // namespace manyfold::quantise
