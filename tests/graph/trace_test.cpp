#include "graph/trace.h"

#include <gmock/gmock.h>

#include "common/error.h"
#include "graph/replay.h"
#include "tests/errors.h"
#include "tests/graph/modules.h"

namespace manyfold::graph {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> node_names(const Graph& graph) {
  std::vector<std::string> names;
  for (const auto& node : graph.nodes()) names.push_back(node->name);
  return names;
}

template <class F>
std::string trace_error(F f, std::vector<int64_t> shape = {1, 8, 4, 4}) {
  Function module;
  return error_of([&] { trace_function(*module, f, {shape}); });
}

TEST(Trace, NamesNodesAfterTheModulesWhoseParametersTheyRead) {
  TwoHeads module;
  const auto names = node_names(trace_pictures(module));
  for (const auto* name :
       {"stem.conv/convolution", "stem.bn/batch_norm", "stem/relu", "stem/pixel_unshuffle",
        "excite.up/convolution", "excite/sigmoid", "classes/linear"}) {
    EXPECT_THAT(names, Contains(name));
  }
}

TEST(Trace, KnowsTheBatchAxisOfEveryValue) {
  TwoHeads module;
  const auto graph = trace_pictures(module);
  EXPECT_EQ(to_string(graph.inputs()[0]->shape), "[N, 3, 16, 16]");
  EXPECT_EQ(to_string(graph.find("mask")->shape), "[N, 1, 16, 16]");
  EXPECT_EQ(to_string(graph.find("classes")->shape), "[N, 5]");
}

TEST(Trace, LeavesBuffersModesAndRandomNumbersAsTheyWere) {
  TwoHeads module;
  module->up_bn->eval();
  const auto mean = module->stem->bn->running_mean.clone();
  torch::manual_seed(3);
  const auto expected = torch::rand({1}).item<float>();
  torch::manual_seed(3);
  trace(
      *module, [&](const Tensors& in) { return module->forward(in.at(0)); },
      {{"pictures", torch::ones({1, 3, 16, 16}, torch::kUInt8)}}, Mode::train);
  EXPECT_TRUE(module->stem->bn->running_mean.equal(mean));
  EXPECT_EQ(module->stem->bn->num_batches_tracked.item<int64_t>(), 0);
  EXPECT_TRUE(module->is_training());
  EXPECT_TRUE(module->stem->bn->is_training());
  EXPECT_FALSE(module->up_bn->is_training());
  EXPECT_EQ(torch::rand({1}).item<float>(), expected);
}

TEST(Trace, KeepsBatchSizesInShapesAsMultiples) {
  Function module;
  const auto graph = trace_function(*module,
                                    [](const Tensors& in) {
                                      const auto& x = in[0];  // [N, 8, 4, 4]
                                      const auto zeros = torch::zeros({x.size(0) * 2, 4, 16});
                                      return x.view({x.size(0) * 2, 4, 16}) + zeros;
                                    },
                                    {{1, 8, 4, 4}});
  EXPECT_EQ(to_string(graph.find("y")->shape), "[2N, 4, 16]");
  const auto x = torch::randn({5, 8, 4, 4});
  EXPECT_TRUE(Replay(graph).run({{"x0", x}})[0].equal(x.view({10, 4, 16})));
}

TEST(Trace, RefusesABatchSizedNumberNamingOperatorAndScope) {
  EXPECT_THAT(
      trace_error([](const Tensors& in) { return in[0] * in[0].size(0); }),
      AllOf(HasSubstr("aten::mul in the model"), HasSubstr("'other' is 2 for a batch of two"),
            HasSubstr("pass it as an input")));
  auto block = nn::Conv2d(nn::Conv2dOptions(8, 8, 1));
  nn::Sequential holder(nn::Sequential{});
  holder->push_back("neck", block);
  EXPECT_THAT(error_of([&] {
                trace_function(
                    *holder,
                    [&](const Tensors& in) { return block(in[0]).slice(0, 0, in[0].size(0) - 1); },
                    {{1, 8, 4, 4}});
              }),
              HasSubstr("aten::slice"));
}

TEST(Trace, RefusesAComputationThatDiffersBetweenBatches) {
  const auto message = trace_error(
      [](const Tensors& in) { return in[0].size(0) > 2 ? in[0].relu() : in[0].sigmoid(); });
  EXPECT_THAT(message, HasSubstr("stands where a batch of three has aten::relu"));
}

TEST(Trace, RefusesAWriteInPlaceIntoAView) {
  const auto message = trace_error([](const Tensors& in) {
    auto y = in[0].clone();
    y.slice(1, 0, 4).add_(1);
    return y;
  });
  EXPECT_THAT(message, AllOf(HasSubstr("aten::add_"), HasSubstr("output 'y'"),
                             HasSubstr("same memory by another name")));
}

TEST(Trace, FollowsAWriteInPlaceBehindADropoutThatDoesNothing) {
  Function module;
  const auto graph = trace_function(*module,
                                    [](const Tensors& in) {
                                      const auto y = in[0].sigmoid();
                                      auto same = torch::dropout(y, 0.5, /*train=*/false);
                                      same.add_(1);
                                      return y;
                                    },
                                    {{1, 4}});
  EXPECT_TRUE(Replay(graph).run({{"x0", torch::zeros({1, 4})}})[0].equal(torch::full({1, 4}, 1.5)));
}

TEST(Trace, MakesHarmlessWritesInPlacePlain) {
  Function module;
  const auto graph = trace_function(*module,
                                    [](const Tensors& in) {
                                      return (in[0] * 2).relu_().add_(1).view({-1, 16});
                                    },
                                    {{1, 8, 4, 4}});
  for (const auto& node : graph.nodes()) EXPECT_FALSE(node->op.in_place()) << node->name;
  auto x = torch::randn({3, 8, 4, 4});
  EXPECT_TRUE(Replay(graph).run({{"x0", x}})[0].equal((x * 2).relu().add(1).view({-1, 16})));
}

TEST(Trace, WritesALinearLayerAsOneNode) {
  auto module = nn::Linear(8, 3);
  const auto graph =
      trace_function(*module, [&](const Tensors& in) { return module(in[0]); }, {{1, 8}});
  ASSERT_EQ(graph.nodes().size(), 1u);
  EXPECT_TRUE(graph.nodes()[0]->is("aten::linear"));
  EXPECT_EQ(graph.nodes()[0]->tensor("weight"), graph.stored("weight"));
}

TEST(Trace, KeepsASharedParameterOnce) {
  auto module = nn::Linear(4, 4);
  nn::Sequential both(module, module);
  const auto graph =
      trace_function(*both, [&](const Tensors& in) { return both->forward(in[0]); }, {{1, 4}});
  EXPECT_EQ(graph.nodes().size(), 2u);
  EXPECT_EQ(graph.nodes()[0]->tensor("weight"), graph.nodes()[1]->tensor("weight"));
}

TEST(Trace, ExplainsAnExampleItCannotUse) {
  Function module;
  EXPECT_THAT(error_of([&] {
                trace_function(*module, [](const Tensors& in) { return in[0]; }, {{0, 3}});
              }),
              HasSubstr("the example of 'x0' is empty"));
  EXPECT_THAT(trace_error([](const Tensors& in) {
                return in[0].view({7, -1});
              }),
              HasSubstr("could not be run and recorded"));
}

}  // namespace
}  // namespace manyfold::graph
