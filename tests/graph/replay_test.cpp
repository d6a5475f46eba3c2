#include "graph/replay.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/graph/modules.h"

namespace manyfold::graph {
namespace {

std::vector<torch::Tensor> clones(const std::vector<torch::Tensor>& tensors) {
  std::vector<torch::Tensor> copies;
  for (const auto& tensor : tensors) copies.push_back(tensor.clone());
  return copies;
}

std::vector<torch::Tensor> gradients(const nn::Module& module) {
  std::vector<torch::Tensor> result;
  for (const auto& p : module.parameters()) result.push_back(p.grad().clone());
  return result;
}

void expect_equal(const std::vector<torch::Tensor>& a, const std::vector<torch::Tensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_TRUE(a[i].equal(b[i])) << i << ": " << (a[i] - b[i]).abs().max();
  }
}

struct Pass {
  std::vector<torch::Tensor> outputs, gradients, buffers;
};

template <class F>
Pass train_pass(nn::Module& module, F forward) {
  const auto before = clones(module.buffers());
  module.zero_grad();
  Pass pass;
  pass.outputs = forward();
  torch::Tensor loss = torch::zeros({});
  for (const auto& output : pass.outputs) loss = loss + output.pow(2).mean();
  loss.backward();
  pass.gradients = gradients(module);
  pass.buffers = clones(module.buffers());
  const torch::NoGradGuard no_grad;
  for (size_t i = 0; i < before.size(); ++i) module.buffers()[i].copy_(before[i]);
  return pass;
}

class ReplayBatch : public testing::TestWithParam<int64_t> {};

TEST_P(ReplayBatch, GivesTheModulesOutputsGradientsAndStatisticsToTheLastBit) {
  torch::manual_seed(1);
  TwoHeads module;
  const Replay replay(trace_pictures(module, Mode::train));
  const auto x = torch::randint(256, {GetParam(), 3, 16, 16}, torch::kUInt8);

  const auto by_module = train_pass(*module, [&] {
    const auto outputs = module->forward(x);
    return std::vector<torch::Tensor>{outputs[0].second, outputs[1].second};
  });
  const auto by_graph = train_pass(*module, [&] { return replay.run({{"pictures", x}}); });
  expect_equal(by_module.outputs, by_graph.outputs);
  expect_equal(by_module.gradients, by_graph.gradients);
  expect_equal(by_module.buffers, by_graph.buffers);
}
INSTANTIATE_TEST_SUITE_P(Sizes, ReplayBatch, testing::Values(1, 2, 5));

TEST(Replay, FollowsTheModuleInEvaluation) {
  TwoHeads module;
  module->eval();
  const Replay replay(trace_pictures(module));
  const auto x = torch::randint(256, {4, 3, 16, 16}, torch::kUInt8);
  const auto expected = module->forward(x);
  const auto outputs = replay.run({{"pictures", x}});
  EXPECT_TRUE(outputs[0].equal(expected[0].second));
  EXPECT_TRUE(outputs[1].equal(expected[1].second));
}

TEST(Replay, RunsOnlyWhatTheWantedOutputNeeds) {
  TwoHeads module;
  const Replay replay(trace_pictures(module, Mode::train));
  module->zero_grad();
  const auto mean = module->up_bn->running_mean.clone();
  const auto outputs =
      replay.run({{"pictures", torch::randint(256, {2, 3, 16, 16}, torch::kUInt8)}}, {"classes"});
  ASSERT_EQ(outputs.size(), 1u);
  outputs[0].sum().backward();
  EXPECT_TRUE(module->classes->weight.grad().defined());
  EXPECT_FALSE(module->mask->weight.grad().defined());
  EXPECT_TRUE(module->up_bn->running_mean.equal(mean));
  EXPECT_EQ(module->up_bn->num_batches_tracked.item<int64_t>(), 0);
  EXPECT_EQ(module->stem->bn->num_batches_tracked.item<int64_t>(), 1);
}

TEST(Replay, StartsFromAnyValueThatIsFed) {
  TwoHeads module;
  module->eval();
  const Replay replay(trace_pictures(module));
  const auto x = torch::randint(256, {3, 3, 16, 16}, torch::kUInt8);
  const std::string features = "stem/relu";
  const auto all = replay.run({{"pictures", x}}, {features, "classes"});
  const auto rows = torch::tensor({0, 2});
  const auto some = replay.run({{features, all[0].index_select(0, rows)}}, {"classes"});
  EXPECT_TRUE(torch::allclose(some[0], all[1].index_select(0, rows)));
}

TEST(Replay, KeepsAFedResultWhenItsNodeRunsForAnother) {
  Function module;
  const auto graph = trace_function(*module,
                                    [](const Tensors& in) {
                                      const auto parts = in[0].chunk(2, 1);
                                      return parts[0] * 10 + parts[1];
                                    },
                                    {{1, 2}});
  const auto chunk = std::find_if(graph.nodes().begin(), graph.nodes().end(),
                                  [](const auto& node) { return node->is("aten::chunk"); });
  ASSERT_NE(chunk, graph.nodes().end());
  const auto second = (*chunk)->outputs.at(1)->name;
  const auto y =
      Replay(graph).run({{"x0", torch::tensor({{1.f, 2.f}})}, {second, torch::tensor({{5.f}})}})[0];
  EXPECT_EQ(y.item<float>(), 15);
}

TEST(Replay, GoesOnWithTheModulesParameters) {
  auto module = nn::Linear(3, 2);
  const Replay replay(
      trace_function(*module, [&](const Tensors& in) { return module(in[0]); }, {{1, 3}}));
  {
    const torch::NoGradGuard no_grad;
    module->weight.fill_(1);
    module->bias.fill_(0.5);
  }
  const auto y = replay.run({{"x0", torch::ones({1, 3})}})[0];
  EXPECT_TRUE(y.equal(torch::full({1, 2}, 3.5)));
}

TEST(Replay, CarriesARecurrentState) {
  GruCell cell(4);
  const Replay replay(trace_function(*cell, [&](const Tensors& in) { return cell(in[0], in[1]); },
                                     {{1, 4, 6, 6}, {1, 4, 6, 6}}));
  auto h = torch::zeros({3, 4, 6, 6}), expected = h;
  for (int t = 0; t < 3; ++t) {
    const auto x = torch::randn({3, 4, 6, 6});
    expected = cell(x, expected);
    h = replay.run({{"x0", x}, {"x1", h}})[0];
  }
  EXPECT_TRUE(h.equal(expected));
}

TEST(Replay, DrawsTheSameDropout) {
  Function module;
  auto graph = trace(*module,
                     [](const Tensors& in) {
                       return NamedTensors{{"y", torch::dropout(in[0], 0.5, true)}};
                     },
                     {{"x0", torch::ones({1, 64})}});
  const auto x = torch::ones({4, 64});
  torch::manual_seed(7);
  const auto expected = torch::dropout(x, 0.5, true);
  torch::manual_seed(7);
  EXPECT_TRUE(Replay(graph).run({{"x0", x}})[0].equal(expected));
}

TEST(Replay, NamesAnInputThatIsMissing) {
  TwoHeads module;
  const Replay replay(trace_pictures(module));
  try {
    replay.run({});
    FAIL();
  } catch (const c10::Error& error) {
    EXPECT_NE(std::string(error.what()).find("input 'pictures' is needed"), std::string::npos);
  }
  EXPECT_THROW(replay.run({}, {"no_such_output"}), c10::Error);
}

TEST(Replay, RunsAnOperationOfTheProjectsOwn) {
  auto module = nn::Linear(3, 2);
  auto graph =
      trace_function(*module, [&](const Tensors& in) { return module(in[0]).relu(); }, {{1, 3}});
  const auto twice = Operator::custom("manyfold::twice", {"x"},
                                      [](const auto& in) { return Tensors{in[0].toTensor() * 2}; });
  auto* relu = graph.outputs()[0].second;
  auto* node = graph.add_node_after(relu->producer, twice, {relu}, "tap");
  graph.replace_uses(relu, node->output(), node);
  const auto x = torch::randn({2, 3});
  EXPECT_TRUE(Replay(graph).run({{"x0", x}})[0].equal(module(x).relu() * 2));
}

}  // namespace
}  // namespace manyfold::graph
