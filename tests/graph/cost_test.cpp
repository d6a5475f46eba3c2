#include "graph/cost.h"

#include <gtest/gtest.h>

#include "tests/graph/modules.h"

namespace manyfold::graph {
namespace {

CostTable cost_of(nn::Module& module, const std::function<at::Tensor(const Tensors&)>& forward,
                  std::vector<int64_t> shape, int64_t batch = 1) {
  return count_cost(trace_function(module, forward, {shape}), batch);
}

struct Layer {
  int64_t in, out, kernel, groups;
  int64_t macs, bytes;  // at 56 x 56, one byte a number
};

class CostOf : public testing::TestWithParam<Layer> {};

// A 3x3 convolution, a pointwise and a depthwise one, from the closed forms: positions * out *
// in / groups * k * k; inputs + outputs + weights.
TEST_P(CostOf, CountsMultiplicationsAndBytes) {
  const auto layer = GetParam();
  nn::Conv2d conv(nn::Conv2dOptions(layer.in, layer.out, layer.kernel)
                      .padding(layer.kernel / 2)
                      .groups(layer.groups)
                      .bias(false));
  const auto cost =
      cost_of(*conv, [&](const Tensors& in) { return conv(in[0]); }, {1, layer.in, 56, 56});
  EXPECT_EQ(cost.macs, layer.macs);
  EXPECT_EQ(cost.activations + cost.parameters, layer.bytes);
}
INSTANTIATE_TEST_SUITE_P(Layers, CostOf,
                         testing::Values(Layer{64, 128, 3, 1, 231211008, 675840},
                                         Layer{128, 128, 1, 1, 51380224, 819200},
                                         Layer{128, 128, 3, 128, 3612672, 803968}));

TEST(Cost, CountsTheParametersOfAConvolutionWithBatchNorm) {
  ConvBn module(32, 64, 3);
  const auto cost =
      cost_of(*module, [&](const Tensors& in) { return module(in[0]); }, {1, 32, 8, 8});
  EXPECT_EQ(cost.parameters, 18560);
  EXPECT_EQ(cost.nodes[0].scope, "conv");
  // BatchNorm and ReLU are applied while the convolution writes.
  EXPECT_EQ(cost.activations, (32 + 64) * 64);
}

TEST(Cost, CountsAConvGru) {
  GruCell cell(16);
  const auto graph = trace_function(*cell, [&](const Tensors& in) { return cell(in[0], in[1]); },
                                    {{1, 16, 4, 4}, {1, 16, 4, 4}});
  EXPECT_EQ(count_cost(graph).parameters, 13872);
}

TEST(Cost, CountsATransposedConvolutionByItsInput) {
  nn::ConvTranspose2d up(nn::ConvTranspose2dOptions(8, 4, 2).stride(2).groups(2).bias(false));
  const auto cost = cost_of(*up, [&](const Tensors& in) { return up(in[0]); }, {1, 8, 5, 5});
  EXPECT_EQ(cost.macs, 25 * 8 * 2 * 4);
}

TEST(Cost, GrowsWithTheBatchButForTheParameters) {
  nn::Linear linear(10, 3);
  const auto forward = [&](const Tensors& in) { return linear(in[0]); };
  EXPECT_EQ(cost_of(*linear, forward, {1, 10}).macs, 30);
  const auto four = cost_of(*linear, forward, {1, 10}, 4);
  EXPECT_EQ(four.macs, 120);
  EXPECT_EQ(four.parameters, 33);
}

}  // namespace
}  // namespace manyfold::graph
