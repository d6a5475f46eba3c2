#include "graph/passes.h"

#include <gmock/gmock.h>

#include "common/error.h"
#include "graph/replay.h"
#include "tests/graph/modules.h"

namespace manyfold::graph {
namespace {

int count(const Graph& graph, const char* op) {
  int found = 0;
  for (const auto& node : graph.nodes()) found += node->is(op);
  return found;
}

TEST(DeadCode, LeavesOnlyWhatTheOutputsNeed) {
  TwoHeads module;
  auto graph = trace_pictures(module, Mode::train);
  auto& outputs = graph.mutable_outputs();
  outputs.erase(outputs.begin());  // mask
  remove_dead_code(graph);
  EXPECT_EQ(graph.find("mask"), nullptr);
  EXPECT_EQ(graph.find("mask.weight"), nullptr);
  EXPECT_EQ(graph.find("up_bn.num_batches_tracked"), nullptr);
  EXPECT_NE(graph.find("stem.bn.num_batches_tracked"), nullptr);
}

TEST(Freeze, KeepsTheGraphAsItIsWhenTrainingGoesOn) {
  auto module = nn::Linear(3, 2);
  auto graph = trace_function(*module, [&](const Tensors& in) { return module(in[0]); }, {{1, 3}});
  const auto x = torch::randn({2, 3});
  const auto before = module(x);
  freeze(graph);
  {
    const torch::NoGradGuard no_grad;
    module->weight.zero_();
  }
  EXPECT_TRUE(Replay(graph).run({{"x0", x}})[0].equal(before));
}

TEST(Freeze, RefusesAModuleInTraining) {
  TwoHeads module;
  auto graph = trace_pictures(module, Mode::train);
  try {
    freeze(graph);
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("stem.bn/batch_norm is in training mode"));
  }
}

TEST(FoldConstants, RunsWhatDependsOnWeightsOnly) {
  auto module = nn::Linear(4, 4);
  auto graph = trace_function(*module,
                              [&](const Tensors& in) {
                                const auto scale = module->weight.abs().amax({1}, true) / 127;
                                return torch::linear(
                                    in[0], (module->weight / scale).round() * scale, module->bias);
                              },
                              {{1, 4}});
  const auto x = torch::randn({3, 4});
  const auto expected = Replay(graph).run({{"x0", x}})[0];
  freeze(graph);
  fold_constants(graph);
  EXPECT_EQ(graph.nodes().size(), 1u);
  EXPECT_TRUE(Replay(graph).run({{"x0", x}})[0].equal(expected));
}

TEST(FoldBatchNorm, GivesTheWeightAndBiasOfTheClosedForm) {
  nn::Conv2d conv(nn::Conv2dOptions(1, 1, 1));
  nn::BatchNorm2d bn(1);
  nn::Sequential both(conv, bn);
  {
    const torch::NoGradGuard no_grad;
    conv->weight.fill_(2);
    conv->bias.zero_();
    bn->weight.fill_(1.5);
    bn->bias.fill_(0.5);
    bn->running_mean.fill_(1);
    bn->running_var.fill_(4);
  }
  auto graph = trace_function(*both, [&](const Tensors& in) { return both->forward(in[0]); },
                              {{1, 1, 2, 2}});
  freeze(graph);
  fold_batch_norm(graph);
  ASSERT_EQ(graph.nodes().size(), 1u);
  const auto& folded = *graph.nodes()[0];
  EXPECT_NEAR(folded.tensor("weight")->tensor.item<float>(), 1.499998, 1e-6);
  EXPECT_NEAR(folded.tensor("bias")->tensor.item<float>(), -0.249999, 1e-6);
}

TEST(FoldBatchNorm, FoldsPlainGroupedAndTransposedConvolutionsAndKeepsTheResults) {
  TwoHeads module;
  auto graph = trace_pictures(module, Mode::eval);
  const TensorMap feeds = {{"pictures", torch::randint(256, {3, 3, 16, 16}, torch::kUInt8)}};
  const auto expected = Replay(graph).run(feeds);
  freeze(graph);
  fold_batch_norm(graph);
  EXPECT_EQ(count(graph, "aten::batch_norm"), 0);
  const auto results = Replay(graph).run(feeds);
  for (size_t i = 0; i < results.size(); ++i) {
    EXPECT_TRUE(torch::allclose(results[i], expected[i], 1e-4, 1e-5));
  }
}

TEST(FoldBatchNorm, FoldsALinearLayer) {
  nn::Linear linear(4, 3);
  nn::BatchNorm1d bn(3);
  nn::Sequential both(linear, bn);
  bn->running_mean.normal_();
  bn->running_var.uniform_(0.5, 2);
  auto graph =
      trace_function(*both, [&](const Tensors& in) { return both->forward(in[0]); }, {{1, 4}});
  const auto x = torch::randn({5, 4});
  both->eval();
  const auto expected = both->forward(x);
  freeze(graph);
  fold_batch_norm(graph);
  EXPECT_EQ(graph.nodes().size(), 1u);
  EXPECT_TRUE(torch::allclose(Replay(graph).run({{"x0", x}})[0], expected, 1e-5, 1e-6));
}

// Of [N, 3, 3], axis 1 are the rows that BatchNorm normalises; the layer's channels are axis 2.
TEST(FoldBatchNorm, LeavesANormOverTheRowsOfALinearLayer) {
  nn::Linear linear(4, 3);
  nn::BatchNorm1d bn(3);
  nn::Sequential both(linear, bn);
  bn->running_mean.normal_();
  bn->running_var.uniform_(0.5, 2);
  auto graph =
      trace_function(*both, [&](const Tensors& in) { return both->forward(in[0]); }, {{1, 3, 4}});
  const auto x = torch::randn({5, 3, 4});
  both->eval();
  const auto expected = both->forward(x);
  freeze(graph);
  fold_batch_norm(graph);
  EXPECT_EQ(count(graph, "aten::batch_norm"), 1);
  EXPECT_TRUE(torch::allclose(Replay(graph).run({{"x0", x}})[0], expected, 1e-5, 1e-6));
}

TEST(FoldBatchNorm, LeavesANormWhoseInputHasAnotherReader) {
  ConvBn module(3, 4, 3);
  auto graph = trace_function(*module,
                              [&](const Tensors& in) {
                                const auto y = module->conv(in[0]);
                                return y + module->bn(y);
                              },
                              {{1, 3, 4, 4}});
  freeze(graph);
  fold_batch_norm(graph);
  EXPECT_EQ(count(graph, "aten::batch_norm"), 1);
}

TEST(SimplifyFills, WritesANumberOnTheLeftAsANumber) {
  Function module;
  auto graph = trace_function(*module, [](const Tensors& in) { return 1 - in[0]; }, {{1, 4}});
  simplify_fills(graph);
  EXPECT_EQ(graph.nodes().size(), 1u);
  const auto x = torch::randn({3, 4});
  EXPECT_TRUE(Replay(graph).run({{"x0", x}})[0].equal(1 - x));
}

TEST(Graph, ACopyIsEditedOnItsOwn) {
  TwoHeads module;
  const auto original = trace_pictures(module, Mode::eval);
  auto copy = original;
  const auto before = to_string(original);
  freeze(copy);
  fold_batch_norm(copy);
  EXPECT_EQ(to_string(original), before);
  EXPECT_NE(to_string(copy), before);
  EXPECT_EQ(original.stored("stem.conv.weight")->tensor.data_ptr(),
            module->stem->conv->weight.data_ptr());
}

}  // namespace
}  // namespace manyfold::graph
