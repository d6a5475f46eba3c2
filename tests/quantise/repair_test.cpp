#include <gtest/gtest.h>

#include "graph/passes.h"
#include "graph/replay.h"
#include "quantise/bias_correction.h"
#include "quantise/equalise.h"
#include "quantise/plan.h"
#include "quantise/split_channels.h"
#include "tests/graph/modules.h"

namespace manyfold::quantise {
namespace {

// (0.5 - 0.52) * 1 + (-0.3 + 0.31) * 2 + (0.8 - 0.77) * 0.5
TEST(ExpectedError, IsTheErrorOfTheWeightTimesTheMeanInput) {
  const auto weight = torch::tensor({0.52F, -0.31F, 0.77F}).view({1, 3});
  const auto quantised = torch::tensor({0.5F, -0.3F, 0.8F}).view({1, 3});
  const auto error = expected_error(weight, quantised, torch::tensor({1.0F, 2.0F, 0.5F}), 1);
  EXPECT_NEAR(error.item<float>(), 0.015, 1e-6);
}

TEST(ExpectedError, CountsEachGroupByItsOwnInputs) {
  const auto weight = torch::zeros({2, 1, 1, 2}), quantised = torch::ones({2, 1, 1, 2});
  const auto error = expected_error(weight, quantised, torch::tensor({3.0F, 5.0F}), 2);
  EXPECT_TRUE(torch::equal(error, torch::tensor({6.0F, 10.0F})));
}

/// Two 1x1 convolutions with a ReLU between, ranges 4 and 0.25 out, 0.5 and 2 in.
struct ChainImpl : torch::nn::Module {
  ChainImpl() : a(torch::nn::Conv2dOptions(2, 2, 1)), b(torch::nn::Conv2dOptions(2, 2, 1)) {
    register_module("a", a);
    register_module("b", b);
    const torch::NoGradGuard no_grad;
    a->weight.copy_(torch::tensor({4.0F, -1.0F, 0.25F, 0.1F}).view({2, 2, 1, 1}));
    b->weight.copy_(torch::tensor({0.5F, 2.0F, -0.2F, 1.0F}).view({2, 2, 1, 1}));
  }
  torch::nn::Conv2d a, b;
};
TORCH_MODULE(Chain);

TEST(Equalise, MakesTheRangesOfNeighboursEqual) {
  Chain module;
  auto graph = graph::trace_function(
      *module, [&](const graph::Tensors& in) { return module->b(module->a(in[0]).relu()); },
      {{2, 2, 3, 3}});
  const auto bias = module->a->bias.detach().clone();
  const auto x = torch::randn({2, 2, 3, 3});
  const auto before = graph::Replay(graph).run({{"x0", x}})[0];
  EXPECT_EQ(equalise(graph, make_plan(graph)), 1);
  // s = sqrt(r1 r2) / r2 = (2.828427, 0.353553)
  const auto rows = module->a->weight.abs().flatten(1).amax(1);
  const auto columns = module->b->weight.abs().transpose(0, 1).flatten(1).amax(1);
  EXPECT_TRUE(torch::allclose(rows, torch::tensor({1.414214F, 0.707107F}), 1e-3));
  EXPECT_TRUE(torch::allclose(columns, torch::tensor({1.414214F, 0.707107F}), 1e-3));
  EXPECT_TRUE(torch::allclose(module->a->bias, bias / torch::tensor({2.828427F, 0.353553F}), 1e-3));
  EXPECT_TRUE(torch::allclose(before, graph::Replay(graph).run({{"x0", x}})[0], 1e-5, 1e-6));
}

TEST(Equalise, ScalesGammaAndBetaWhereBatchNormIsFolded) {
  torch::manual_seed(3);
  graph::ConvBn first(3, 4, 3), second(4, 2, 1);
  torch::nn::Sequential module(first, second);
  module->eval();
  auto graph = graph::trace_function(
      *module, [&](const graph::Tensors& in) { return module->forward(in[0]); }, {{2, 3, 8, 8}});
  graph::fold_batch_norm(graph);
  const auto x = torch::randn({2, 3, 8, 8});
  const auto before = graph::Replay(graph).run({{"x0", x}})[0];
  const auto gamma = first->bn->weight.detach().clone();
  EXPECT_EQ(equalise(graph, make_plan(graph)), 1);
  EXPECT_FALSE(torch::allclose(gamma, first->bn->weight));
  EXPECT_TRUE(torch::allclose(before, graph::Replay(graph).run({{"x0", x}})[0], 1e-4, 1e-5));
}

TEST(CorrectBiases, MovesTheMeanOfTheQuantisedLayerBack) {
  torch::manual_seed(4);
  Chain module;
  auto graph = graph::trace_function(
      *module, [&](const graph::Tensors& in) { return module->a(in[0]); }, {{2, 2, 3, 3}});
  const auto plan = make_plan(graph);
  Quantisers quantisers;
  quantisers.weights[plan.layers[0].node] = std::make_shared<WeightQuantiser>(2, -1);
  const std::vector<graph::TensorMap> batches = {{{"x0", torch::rand({4, 2, 9, 9})}}};
  const auto mean = [&](const graph::Graph& each) {
    const torch::NoGradGuard no_grad;
    return graph::Replay(each).run(batches[0])[0].mean({0, 2, 3});
  };
  const auto wanted = mean(graph);
  correct_biases(graph, plan, quantisers, batches);
  auto quantised = graph;
  quantised.nodes()[0]->tensor("weight")->tensor =
      quantisers.weights.begin()->second->forward(module->a->weight.detach());
  EXPECT_TRUE(torch::allclose(mean(quantised), wanted, 1e-5, 1e-5));
}

TEST(CorrectBiases, ReachesThePartsOfALayerThatWasSplit) {
  torch::manual_seed(5);
  torch::nn::Conv2d conv(torch::nn::Conv2dOptions(4, 6, 1));
  torch::nn::Sequential module(conv);
  auto graph = graph::trace_function(*module, [&](const graph::Tensors& in) { return conv(in[0]); },
                                     {{2, 4, 5, 5}});
  const std::vector<int64_t> boxes = {0, 1, 3, 4}, scores = {2, 5};
  PlanOptions options;
  options.gatherings = split_channels(graph, "y", {{"box", boxes}, {"score", scores}});
  const auto plan = make_plan(graph, options);
  ASSERT_EQ(plan.layers.size(), 2u);
  Quantisers quantisers;
  for (const auto& layer : plan.layers)
    quantisers.weights[layer.node] = std::make_shared<WeightQuantiser>(layer.channels, -1);
  // The larger batch counts for more.
  const std::vector<graph::TensorMap> batches = {{{"x0", torch::rand({6, 4, 5, 5})}},
                                                 {{"x0", torch::rand({2, 4, 5, 5}) + 3}}};
  const torch::NoGradGuard no_grad;
  const auto all = torch::cat({batches[0].at("x0"), batches[1].at("x0")});
  const auto mean = [&](const torch::Tensor& weight) {
    return torch::conv2d(all, weight, conv->bias).mean({0, 2, 3});
  };
  const auto wanted = mean(conv->weight);
  correct_biases(graph, plan, quantisers, batches);
  auto rounded = conv->weight.clone();
  for (const auto& [node, quantiser] : quantisers.weights) {
    const auto rows =
        torch::tensor(node.find("box") == std::string::npos ? scores : boxes, torch::kLong);
    rounded.index_copy_(0, rows, quantiser->forward(conv->weight.index_select(0, rows)));
  }
  EXPECT_FALSE(torch::equal(rounded, conv->weight));
  EXPECT_TRUE(torch::allclose(mean(rounded), wanted, 1e-5, 1e-5));
}

}  // namespace
}  // namespace manyfold::quantise
