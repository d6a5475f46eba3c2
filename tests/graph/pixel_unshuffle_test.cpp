#include <gmock/gmock.h>

#include "graph/passes.h"
#include "graph/replay.h"
#include "tests/graph/modules.h"
#include "tests/graph/train_pass.h"

namespace manyfold::graph {
namespace {

TEST(FoldPixelUnshuffle, TrainsTheWeightOfTheModule) {
  torch::manual_seed(3);
  TwoHeads module;
  module->eval();
  auto graph = trace_pictures(module, Mode::eval);
  fold_batch_norm(graph);
  fold_pixel_unshuffle(graph);
  EXPECT_EQ(count_nodes(graph, "aten::pixel_unshuffle"), 0);
  EXPECT_EQ(count_nodes(graph, "manyfold::space_to_depth"), 1);
  const auto* weight = graph.find("stem.conv/convolution")->producer->tensor("weight");
  EXPECT_EQ(weight->producer->scope, "stem.conv");
  EXPECT_EQ(to_string(weight->shape), "[16, 12, 3, 3]");
  const Replay replay(graph);
  const auto x = torch::randint(256, {3, 3, 16, 16}, torch::kUInt8);
  const auto expected = train_pass(*module, [&] { return tensors_of(module->forward(x)); });
  expect_close(train_pass(*module, [&] { return replay.run({{"pictures", x}}); }), expected, 1e-5);
}

// Channel c r^2 + q of LibTorch is channel q C + c of ONNX: of 2 channels and blocks of 2 x 2, the
// first four go to 0, 2, 4, 6.
TEST(FoldPixelUnshuffle, PermutesTheWeightOfAFrozenGraph) {
  nn::Conv2d conv(nn::Conv2dOptions(8, 1, 1).bias(false));
  {
    const torch::NoGradGuard no_grad;
    conv->weight.copy_(torch::arange(8).view({1, 8, 1, 1}));
  }
  auto graph = trace_function(
      *conv, [&](const Tensors& in) { return conv(torch::pixel_unshuffle(in[0], 2)); },
      {{1, 2, 4, 4}});
  freeze(graph);
  fold_pixel_unshuffle(graph);
  fold_constants(graph);
  ASSERT_EQ(graph.nodes().size(), 2u);
  const auto& weight = graph.nodes()[1]->tensor("weight")->tensor;
  EXPECT_TRUE(weight.flatten().equal(torch::tensor({0.F, 4.F, 1.F, 5.F, 2.F, 6.F, 3.F, 7.F})));
  EXPECT_EQ(graph.nodes()[1]->tensor("weight")->kind, Value::constant);
}

TEST(FoldPixelUnshuffle, LeavesOneThatIsReadOtherwise) {
  nn::Conv2d conv(nn::Conv2dOptions(8, 4, 1).groups(2));
  auto grouped = trace_function(
      *conv, [&](const Tensors& in) { return conv(torch::pixel_unshuffle(in[0], 2)); },
      {{1, 2, 4, 4}});
  fold_pixel_unshuffle(grouped);
  EXPECT_EQ(count_nodes(grouped, "aten::pixel_unshuffle"), 1);

  Function module;
  auto output = trace_function(
      *module, [](const Tensors& in) { return torch::pixel_unshuffle(in[0], 2); }, {{1, 2, 4, 4}});
  fold_pixel_unshuffle(output);
  EXPECT_EQ(count_nodes(output, "aten::pixel_unshuffle"), 1);
}

}  // namespace
}  // namespace manyfold::graph
