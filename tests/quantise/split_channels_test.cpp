#include "quantise/split_channels.h"

#include <gtest/gtest.h>

#include "graph/replay.h"
#include "tests/graph/modules.h"

namespace manyfold::quantise {
namespace {

struct OneConvImpl : torch::nn::Module {
  OneConvImpl() : out(torch::nn::Conv2dOptions(4, 6, 1)) { register_module("out", out); }
  torch::nn::Conv2d out;
};
TORCH_MODULE(OneConv);

const ChannelParts kParts = {{"box", {0, 1, 3, 4}}, {"score", {2, 5}}};

TEST(SplitChannels, ComputesTheSameInParts) {
  OneConv module;
  auto graph = graph::trace_function(
      *module, [&](const graph::Tensors& in) { return module->out(in[0]); }, {{2, 4, 5, 5}});
  const auto x = torch::randn({3, 4, 5, 5});
  const auto before = graph::Replay(graph).run({{"x0", x}})[0];
  const auto names = split_channels(graph, "y", kParts);
  EXPECT_EQ(names.size(), 2u);
  int convolutions = 0;
  for (const auto& node : graph.nodes()) convolutions += node->is("aten::convolution");
  EXPECT_EQ(convolutions, 2);
  const auto after = graph::Replay(graph).run({{"x0", x}})[0];
  EXPECT_TRUE(torch::allclose(before, after, 1e-6, 1e-6));

  after.sum().backward();
  EXPECT_EQ(module->out->weight.grad().sizes(), module->out->weight.sizes());
  EXPECT_GT(module->out->weight.grad().abs().min().item<float>(), 0) << "every row learns";
}

TEST(SplitChannels, LeavesAnOutputThatIsNoConvolution) {
  OneConv module;
  auto graph = graph::trace_function(
      *module, [&](const graph::Tensors& in) { return module->out(in[0]).sigmoid(); },
      {{2, 4, 5, 5}});
  const auto nodes = graph.nodes().size();
  EXPECT_TRUE(split_channels(graph, "y", kParts).empty());
  EXPECT_EQ(graph.nodes().size(), nodes);
}

TEST(SplitChannels, RefusesPartsThatDoNotHoldEveryChannelOnce) {
  OneConv module;
  auto graph = graph::trace_function(
      *module, [&](const graph::Tensors& in) { return module->out(in[0]); }, {{2, 4, 5, 5}});
  EXPECT_ANY_THROW(split_channels(graph, "y", {{"a", {0, 1}}, {"b", {2, 3, 4}}}));
  EXPECT_ANY_THROW(split_channels(graph, "y", {{"a", {0, 1, 2}}, {"b", {2, 3, 4}}}));
}

}  // namespace
}  // namespace manyfold::quantise
