#include "graph/passes.h"

#include <gmock/gmock.h>

#include "common/error.h"
#include "graph/replay.h"
#include "tests/graph/modules.h"

namespace manyfold::graph {
namespace {

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
