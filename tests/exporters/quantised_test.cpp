// What is written for fake quantisation, and what ONNX Runtime makes of it.

#include "common/error.h"
#include "exporters/kernels.h"
#include "exporters/verify.h"
#include "tests/errors.h"
#include "tests/exporters/quantised_graphs.h"

namespace manyfold::exporters {
namespace {

using testing::HasSubstr;
using Kernels = std::map<std::string, int64_t>;

/// A quantised graph and the kernels that must run it.
struct Case {
  std::string name;
  Body body;
  std::vector<std::vector<int64_t>> shapes;
  Kernels kernels;
};

std::ostream& operator<<(std::ostream& out, const Case& each) { return out << each.name; }

// Between one QuantizeLinear for each input and one DequantizeLinear for the output.
const std::vector<Case>& cases() {
  static const std::vector<std::vector<int64_t>> picture = {{1, 4, 6, 8}};
  static const std::vector<std::vector<int64_t>> two = {{1, 4, 6, 8}, {1, 4, 6, 8}};
  static const std::vector<Case> all = {
      {"convolution_relu",
       [](auto& in) {
         return quantised(
             torch::conv2d(quantised(in[0]), quantised_weight({6, 4, 3, 3}), bias(6)).relu(), 0.1,
             0);
       },
       picture,
       {{"QLinearConv", 1}}},
      {"convolution_of_one_channel",
       [](auto& in) {
         return quantised(torch::conv2d(quantised(in[0]), quantised_weight({1, 4, 3, 3}), bias(1)),
                          0.1);
       },
       picture,
       {{"QLinearConv", 1}}},
      {"convolution_by_channel",
       [](auto& in) {
         return quantised(
             torch::conv2d(quantised(in[0]), quantised_weight({4, 1, 3, 3}), bias(4), 2, 1, 1, 4));
       },
       picture,
       {{"QLinearConv", 1}}},
      {"add",
       [](auto& in) { return quantised(quantised(in[0]) + quantised(in[1], 0.04), 0.07); },
       two,
       {{"QLinearAdd", 1}}},
      {"mul",
       [](auto& in) { return quantised(quantised(in[0]) * quantised(in[1], 0.04), 0.07); },
       two,
       {{"QLinearMul", 1}}},
      {"cat",
       [](auto& in) {
         return quantised(torch::cat({quantised(in[0]), quantised(in[1])}, 1));
       },
       two,
       {{"QLinearConcat", 1}}},
      {"max_pool",
       [](auto& in) { return quantised(torch::max_pool2d(quantised(in[0]), 3, 2, 1)); },
       picture,
       {{"MaxPool", 1}}},
      {"upsample_nearest",
       [](auto& in) {
         return quantised(torch::upsample_nearest2d(quantised(in[0]), {12, 16}));
       },
       picture,
       {{"Resize", 1}}},
      {"pixel_shuffle",
       [](auto& in) { return quantised(torch::pixel_shuffle(quantised(in[0]), 2)); },
       picture,
       {{"DepthToSpace", 1}}},
      {"global_average_pool",
       [](auto& in) {
         return quantised(quantised(in[0]).mean({2, 3}), 0.01);
       },
       picture,
       {{"QLinearGlobalAveragePool", 1}, {"Reshape", 1}}},
      {"sigmoid",
       [](auto& in) {
         return torch::fake_quantize_per_tensor_affine(quantised(in[0]).sigmoid(), 1.0 / 256, 0, 0,
                                                       255);
       },
       picture,
       {{"QLinearSigmoid", 1}}},
      {"linear",
       [](auto& in) {
         return quantised(torch::linear(quantised(in[0]), quantised_weight({3, 8}), bias(3)));
       },
       {{1, 8}},
       {{"QGemm", 1}}},
      {"linear_no_bias",
       [](auto& in) {
         return quantised(torch::linear(quantised(in[0]), quantised_weight({3, 8})));
       },
       {{1, 8}},
       {{"QGemm", 1}}}};
  return all;
}

class Quantised : public testing::TestWithParam<Case> {};

TEST_P(Quantised, GivesLibTorchsNumbersWithinAStep) {
  torch::manual_seed(5);
  const auto graph = quantised_graph(GetParam().body, GetParam().shapes);
  const auto session = Session::from_bytes(write_onnx(graph));
  const auto found = verify(graph, session, {random_example(graph, 5)}, 1e-4).outputs.at("y");
  ASSERT_GT(found.step, 0);
  EXPECT_LE(found.max, 1.001 * found.step);
  EXPECT_LE(found.mean, 0.05 * found.step);
  EXPECT_GE(found.largest, 10 * found.step);  // or there would be nothing to get wrong
}

TEST_P(Quantised, RunsInWholeNumbers) {
  auto expected = GetParam().kernels;
  expected["QuantizeLinear"] = static_cast<int64_t>(GetParam().shapes.size());
  expected["DequantizeLinear"] = 1;
  EXPECT_EQ(optimised_kernels(write_onnx(quantised_graph(GetParam().body, GetParam().shapes))),
            expected);
}

INSTANTIATE_TEST_SUITE_P(Of, Quantised, testing::ValuesIn(cases()),
                         [](const auto& info) { return info.param.name; });

// Its bias is added in float, after an integer product.
TEST(QuantisedLinear, OverThreeAxesIsAnIntegerProduct) {
  const auto graph = quantised_graph(
      [](auto& in) {
        return quantised(torch::linear(quantised(in[0]), quantised_weight({3, 8}), bias(3)));
      },
      {{1, 4, 8}});
  const auto model = write_onnx(graph);
  EXPECT_EQ(optimised_kernels(model)["MatMulIntegerToFloat"], 1);
  const auto found =
      verify(graph, Session::from_bytes(model), {random_example(graph, 5)}, 1e-4).outputs.at("y");
  EXPECT_LE(found.max, 1.001 * found.step);
}

TEST(QuantiseBias, GivesWholeStepsOfItsScale) {
  graph::Function module;
  auto graph = graph::trace_function(
      *module,
      [](const Tensors& in) {
        return torch::conv2d(in[0], torch::ones({3, 1, 1, 1}), torch::tensor({0.26F, -1.0F, 7.0F}));
      },
      {{1, 1, 1, 1}});
  graph::freeze(graph);
  graph::fold_constants(graph);
  auto* layer = graph.nodes().back().get();
  auto* scale =
      graph.add_stored(graph::Value::constant, "scale", torch::tensor({0.1F, 0.3F, 1e-12F}));
  auto* node = graph.add_node(quantise_bias(), {layer->tensor("bias"), scale}, "", 1, layer);
  node->output()->shape = {{3, 0}};
  layer->argument("bias") = node->output();
  const auto y = Session::from_bytes(write_onnx(graph))
                     .run({{"x0", torch::zeros({1, 1, 1, 1})}})
                     .at("y")
                     .flatten();
  // round(0.26 / 0.1) = 3; round(-1 / 0.3) = -3; 7 is more than 2^31 steps of 1e-12.
  EXPECT_NEAR(y[0].item<double>(), 0.3, 1e-6);
  EXPECT_NEAR(y[1].item<double>(), -0.9, 1e-6);
  EXPECT_NEAR(y[2].item<double>(), 2147483647 * 1e-12, 1e-8);
}

TEST(QuantisedForm, PerChannelBeforeOpset13SaysTheWayOut) {
  const auto graph = quantised_graph(
      [](auto& in) {
        return torch::linear(in[0], quantised_weight({3, 8}));
      },
      {{1, 8}});
  OnnxOptions options;
  options.opset = 12;
  EXPECT_THAT(error_of([&] { write_onnx(graph, options); }),
              AllOf(HasSubstr("aten::fake_quantize_per_channel_affine"),
                    HasSubstr("has a scale for each channel, which needs opset 13 or newer, asked "
                              "for was 12"),
                    HasSubstr("export.opset=13"), HasSubstr("quantise.per_channel=false")));
}

TEST(QuantisedForm, PerTensorRunsInWholeNumbersAtOpset11) {
  const auto graph = quantised_graph(
      [](auto& in) {
        const auto weight = torch::ones({3, 8}) * 0.5;
        return quantised(torch::linear(
            quantised(in[0]), torch::fake_quantize_per_tensor_affine(weight, 0.01, 0, -127, 127)));
      },
      {{1, 8}});
  OnnxOptions options;
  options.opset = 11;
  EXPECT_EQ(optimised_kernels(write_onnx(graph, options))["QGemm"], 1);
}

TEST(QuantisedForm, RefusesARangeThatQuantizeLinearHasNot) {
  const auto graph = quantised_graph(
      [](auto& in) { return torch::fake_quantize_per_tensor_affine(in[0], 0.1, 0, -127, 127); },
      {{1, 8}});
  EXPECT_THAT(error_of([&] { write_onnx(graph); }),
              AllOf(HasSubstr("to [-127, 127]"), HasSubstr("use [-128, 127]")));
}

}  // namespace
}  // namespace manyfold::exporters
