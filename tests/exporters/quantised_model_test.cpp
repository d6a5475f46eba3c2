#include "quantise/quantised_model.h"

#include "exporters/kernels.h"
#include "exporters/onnx_writer.h"
#include "quantise/integer_arithmetic.h"
#include "tests/exporters/export_compare.h"
#include "tests/graph/shipped_models.h"

namespace manyfold::exporters {
namespace {

/// A shipped model that was calibrated on noise.
struct Calibrated {
  Calibrated() {
    torch::manual_seed(5);
    model->eval();
    quantised.calibrate({pictures});
  }
  std::map<std::string, double> differences(const graph::Graph& graph) const {
    const torch::NoGradGuard no_grad;
    const auto expected = graph::Replay(graph).run(pictures);
    const auto session = Session::from_bytes(write_onnx(quantised.encoded()));
    const auto found = session.run({pictures.begin(), pictures.end()});
    std::map<std::string, double> steps;
    for (size_t i = 0; i < expected.size(); ++i) {
      const auto& name = graph.outputs()[i].first;
      const auto range = expected[i].max() - expected[i].min();
      steps[name] = ((found.at(name) - expected[i]).abs().mean() / range * 255).item<double>();
    }
    return steps;
  }

  bool seeded = (torch::manual_seed(5), true);
  models::MultiTaskModel model = graph::shipped_models().front().make();
  graph::TensorMap pictures = {{"pictures", torch::randint(256, {16, 3, 64, 64}, torch::kUInt8)}};
  quantise::QuantisedModel quantised{
      *model, graph::trace_model(model, graph::Mode::eval), {}, quantise::QuantiseOptions{}};
};

TEST(QuantisedExport, RunsEveryLayerInWholeNumbers) {
  Calibrated calibrated;
  std::vector<std::string> layers;
  for (const auto& layer : calibrated.quantised.plan().layers) layers.push_back(layer.node);
  const auto kernels = require_integer_kernels(write_onnx(calibrated.quantised.encoded()), layers);
  EXPECT_EQ(kernels.at("QLinearConv") + kernels.at("QGemm"), static_cast<int64_t>(layers.size()));
  EXPECT_EQ(kernels.count("Conv") + kernels.count("FusedConv"), 0u);
}

TEST(QuantisedExport, AgreesWithLibTorchAsFarAsSingleRoundingsAllow) {
  Calibrated calibrated;
  for (const auto& [name, steps] : calibrated.differences(calibrated.quantised.graph()))
    EXPECT_LT(steps, 1) << name;
}

TEST(QuantisedExport, AgreesCloserWithExactArithmetic) {
  Calibrated calibrated;
  auto whole = calibrated.quantised.encoded();
  quantise::use_integer_arithmetic(whole);
  int layers = 0;
  for (const auto& node : whole.nodes()) layers += node->is("manyfold::integer_layer");
  EXPECT_EQ(layers, static_cast<int>(calibrated.quantised.plan().layers.size()));
  // What is left comes from sums (QLinearAdd), in which the runtime rounds by a formula of its own.
  const auto rounded = calibrated.differences(calibrated.quantised.graph());
  for (const auto& [name, steps] : calibrated.differences(whole)) {
    EXPECT_LT(steps, 0.2) << name;
    EXPECT_LT(steps, rounded.at(name)) << name;
  }
}

}  // namespace
}  // namespace manyfold::exporters
