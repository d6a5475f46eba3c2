#include "exporters/half.h"

#include <onnx/onnx_pb.h>

#include "common/error.h"
#include "exporters/verify.h"
#include "tests/exporters/export_compare.h"

namespace manyfold::exporters {
namespace {

using graph::Function;

TEST(Half, HalvesTheFileAndStaysCloseToTheModel) {
  torch::manual_seed(8);
  graph::TwoHeads module;
  const auto graph = graph::trace_pictures(module, graph::Mode::eval);
  const auto full = write_onnx(graph);
  const auto half = to_half(full);
  onnx::ModelProto model;
  ASSERT_TRUE(model.ParseFromString(half.bytes));
  for (const auto& tensor : model.graph().initializer()) {
    EXPECT_NE(tensor.data_type(), onnx::TensorProto::FLOAT) << tensor.name();
  }
  const auto session = Session::from_bytes(half.bytes);
  EXPECT_EQ(session.inputs()[0].type, torch::kUInt8);
  EXPECT_EQ(session.outputs()[0].type, torch::kFloat);
  // Eleven bits of fraction, a few layers.
  const auto result = verify(graph, session, {random_example(graph, 3)}, 1e-2);
  EXPECT_TRUE(result.passed) << result.text();
  EXPECT_FALSE(verify(graph, session, {random_example(graph, 3)}, 1e-7).passed);
  EXPECT_EQ(half.clipped, 0);
}

TEST(Half, KeepsTheScalesOfAResizeAndFloatInputs) {
  Function module;
  const auto graph =
      graph::trace_function(*module,
                            [](const Tensors& in) {
                              return torch::upsample_nearest2d(in[0] * 0.5, {12, 16});
                            },
                            {{1, 4, 6, 8}});
  for (const int opset : {11, 13, 17}) {
    OnnxOptions options;
    options.opset = opset;
    const auto session = Session::from_bytes(to_half(write_onnx(graph, options)).bytes);
    EXPECT_TRUE(verify(graph, session, {random_example(graph, 2)}, 1e-3).passed);
  }
}

TEST(Half, MakesFloatInputsAndOutputsHalfWhenAsked) {
  Function module;
  const auto graph = graph::trace(
      *module,
      [](const Tensors& in) {
        return graph::NamedTensors{{"y", in[0] * 0.5 + in[1].to(torch::kFloat)},
                                   {"best", in[0].argmax(1)}};
      },
      {{"x", torch::randn({1, 4})}, {"bytes", torch::randint(256, {1, 4}, torch::kUInt8)}});
  const auto session = Session::from_bytes(to_half(write_onnx(graph), true).bytes);
  EXPECT_EQ(session.inputs()[0].type, torch::kHalf);
  EXPECT_EQ(session.inputs()[1].type, torch::kUInt8);
  EXPECT_EQ(session.outputs()[0].type, torch::kHalf);
  EXPECT_EQ(session.outputs()[1].type, torch::kLong);
  const auto x = torch::tensor({{1.0F, -0.5F, 3.0F, 0.25F}});
  const auto bytes = torch::tensor({{0, 1, 2, 200}}, torch::kUInt8);
  const auto y = session.run({{"x", x.to(torch::kHalf)}, {"bytes", bytes}}).at("y");
  EXPECT_TRUE(y.to(torch::kFloat).equal(torch::tensor({{0.5F, 0.75F, 3.5F, 200.125F}})));
  EXPECT_TRUE(verify(graph, session, {{{"x", x}, {"bytes", bytes}}}, 1e-3).passed);
}

TEST(Half, CountsWeightsThatDoNotFit) {
  nn::Linear linear(3, 1);
  {
    const torch::NoGradGuard no_grad;
    linear->weight.copy_(torch::tensor({{1e6, 1e-9, 0.0}}));
  }
  const auto half = to_half(write_onnx(
      graph::trace_function(*linear, [&](const Tensors& in) { return linear(in[0]); }, {{1, 3}})));
  EXPECT_EQ(half.clipped, 1);
  EXPECT_EQ(half.flushed, 1);
}

TEST(Half, RefusesAQuantisedModel) {
  Function module;
  const auto graph = graph::trace_function(*module,
                                           [](const Tensors& in) {
                                             return torch::fake_quantize_per_tensor_affine(
                                                 in[0], 0.1, 128, 0, 255);
                                           },
                                           {{1, 4}});
  try {
    to_half(write_onnx(graph));
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("quantised model"));
  }
}

}  // namespace
}  // namespace manyfold::exporters
