#include "exporters/kernels.h"

#include "common/error.h"
#include "tests/exporters/quantised_graphs.h"

namespace manyfold::exporters {
namespace {

using testing::HasSubstr;

// Two convolutions; the second one's output is quantised if `wholly`.
std::string two_convolutions(bool wholly) {
  nn::Conv2d first(nn::Conv2dOptions(4, 4, 3)), second(nn::Conv2dOptions(4, 4, 3));
  nn::Sequential module(nn::Sequential{});
  module->push_back("first", first);
  module->push_back("second", second);
  const auto weight = quantised_weight({4, 4, 3, 3});
  {
    const torch::NoGradGuard no_grad;
    first->weight.copy_(weight);
    second->weight.copy_(weight);
  }
  const auto scale = torch::full({4}, 0.05), zero = torch::zeros({4}, torch::kInt);
  const auto layer = [&](nn::Conv2d& conv, const at::Tensor& x) {
    const auto original = conv->weight;
    conv->weight = torch::fake_quantize_per_channel_affine(original, scale, zero, 0, -127, 127);
    const auto y = conv(x);
    conv->weight = original;
    return y;
  };
  auto graph = graph::trace_function(*module,
                                     [&](const Tensors& in) {
                                       const auto y =
                                           layer(second, quantised(layer(first, quantised(in[0]))));
                                       return wholly ? quantised(y) : y;
                                     },
                                     {{1, 4, 8, 8}});
  graph::freeze(graph);
  graph::fold_constants(graph);
  quantise_biases(graph);
  return write_onnx(graph);
}

const std::vector<std::string> kBoth = {"first/convolution", "second/convolution"};

TEST(Kernels, AreCountedAfterFusion) {
  const auto kernels = optimised_kernels(two_convolutions(true));
  EXPECT_EQ(kernels, (std::map<std::string, int64_t>{
                         {"QuantizeLinear", 1}, {"QLinearConv", 2}, {"DequantizeLinear", 1}}));
  EXPECT_EQ(require_integer_kernels(two_convolutions(true), kBoth), kernels);
}

TEST(Kernels, NameTheLayersThatStayInFloat) {
  const auto model = two_convolutions(false);
  EXPECT_EQ(require_integer_kernels(model, {"first/convolution"}).at("Conv"), 1);
  try {
    require_integer_kernels(model, kBoth);
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("2 layers are quantised, but ONNX Runtime"),
                      HasSubstr("runs 1 in whole numbers"), HasSubstr("\n  second/Conv (Conv)"),
                      testing::Not(HasSubstr("first/Conv")), HasSubstr("leave them in float")));
  }
}

TEST(Kernels, OfAFloatModelAreItsOperators) {
  graph::TwoHeads module;
  const auto kernels =
      optimised_kernels(write_onnx(graph::trace_pictures(module, graph::Mode::eval)));
  EXPECT_EQ(kernels.at("ConvTranspose"), 1);
  EXPECT_EQ(kernels.count("QLinearConv"), 0U);
}

TEST(Kernels, RefuseWhatIsNoModel) { EXPECT_THROW(optimised_kernels("no model"), UserError); }

}  // namespace
}  // namespace manyfold::exporters
