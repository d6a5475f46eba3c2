#include <gmock/gmock.h>

#include "graph/passes.h"
#include "graph/replay.h"
#include "tests/graph/modules.h"
#include "tests/graph/train_pass.h"

namespace manyfold::graph {
namespace {

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
  fold_constants(graph);
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
  EXPECT_EQ(count_nodes(graph, "aten::batch_norm"), 0);
  fold_constants(graph);
  for (const auto& node : graph.nodes()) {
    if (!node->is("aten::convolution")) continue;
    EXPECT_EQ(node->tensor("weight")->kind, Value::constant) << node->name;
    EXPECT_EQ(node->tensor("weight")->name, node->scope + ".weight");
    EXPECT_EQ(node->tensor("bias")->name, node->scope + ".bias");
  }
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
  fold_constants(graph);
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
  EXPECT_EQ(count_nodes(graph, "aten::batch_norm"), 1);
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
  EXPECT_EQ(count_nodes(graph, "aten::batch_norm"), 1);
}

// A convolution with a bias, whose BatchNorm has no gamma and beta.
struct PlainNormImpl : nn::Module {
  PlainNormImpl()
      : conv(nn::Conv2dOptions(4, 6, 3).groups(2)), bn(nn::BatchNorm2dOptions(6).affine(false)) {
    register_module("conv", conv);
    register_module("bn", bn);
    const torch::NoGradGuard no_grad;
    bn->running_mean.normal_();
    bn->running_var.uniform_(0.5, 2);
  }
  torch::Tensor forward(const torch::Tensor& x) { return bn(conv(x)); }
  nn::Conv2d conv;
  nn::BatchNorm2d bn;
};
TORCH_MODULE(PlainNorm);

torch::Tensor pictures() { return torch::randint(256, {3, 3, 16, 16}, torch::kUInt8); }

TEST(FoldBatchNorm, LeavesGradientsAsTheyAreInTheModule) {
  torch::manual_seed(3);
  TwoHeads module;
  module->eval();
  auto graph = trace_pictures(module, Mode::eval);
  fold_batch_norm(graph);
  EXPECT_EQ(count_nodes(graph, "aten::batch_norm"), 0);
  const Replay replay(graph);
  const auto x = pictures();
  const auto expected = train_pass(*module, [&] { return tensors_of(module->forward(x)); });
  expect_close(train_pass(*module, [&] { return replay.run({{"pictures", x}}); }), expected, 1e-5);
}

TEST(FoldBatchNorm, TrainsABiasAndDoesWithoutGammaAndBeta) {
  torch::manual_seed(3);
  PlainNorm module;
  module->eval();
  auto graph =
      trace_function(*module, [&](const Tensors& in) { return module(in[0]); }, {{1, 4, 5, 5}});
  fold_batch_norm(graph);
  EXPECT_EQ(count_nodes(graph, "aten::batch_norm"), 0);
  const Replay replay(graph);
  const auto x = torch::randn({2, 4, 5, 5});
  const auto expected = train_pass(*module, [&] { return Tensors{module(x)}; });
  expect_close(train_pass(*module, [&] { return replay.run({{"x0", x}}); }), expected, 1e-5);
}

// Which part of a model runs is told by scopes.
TEST(FoldBatchNorm, ComputesTheWeightInTheScopeOfTheLayer) {
  TwoHeads module;
  auto graph = trace_pictures(module, Mode::eval);
  fold_batch_norm(graph);
  const auto* up = graph.find("up/convolution")->producer;
  const auto* weight = up->tensor("weight")->producer;
  EXPECT_EQ(weight->op.name(), "manyfold::folded_weight");
  EXPECT_EQ(weight->scope, "up");
  EXPECT_EQ(up->tensor("bias")->producer->scope, "up");
  EXPECT_EQ(to_string(weight->output()->shape), "[24, 4, 2, 2]");
  EXPECT_EQ(to_string(up->tensor("bias")->shape), "[8]");
}

TEST(FoldBatchNorm, FoldsIntoAWeightThatIsComputedButNotIntoAQuantisedOne) {
  ConvBn module(3, 4, 3);
  module->eval();
  const auto with_weight = [&](auto change) {
    auto graph = trace_function(*module,
                                [&](const Tensors& in) {
                                  const auto weight = change(module->conv->weight);
                                  return module->bn(torch::conv2d(in[0], weight));
                                },
                                {{1, 3, 4, 4}});
    fold_batch_norm(graph);
    return count_nodes(graph, "aten::batch_norm");
  };
  EXPECT_EQ(with_weight([](const torch::Tensor& w) { return w / w.norm(); }), 0);
  EXPECT_EQ(with_weight([](const torch::Tensor& w) {
              return torch::fake_quantize_per_tensor_affine(w, 0.1, 0, -127, 127);
            }),
            1);
}

TEST(ScaleByBatchNorm, LeavesResultsGradientsAndStatisticsAsTheyAreInTheModule) {
  torch::manual_seed(3);
  TwoHeads module;
  module->train();
  auto graph = trace_pictures(module, Mode::train);
  scale_by_batch_norm(graph);
  EXPECT_EQ(count_nodes(graph, "manyfold::scaled_weight"), 5);
  EXPECT_EQ(count_nodes(graph, "aten::batch_norm"), 5);
  const Replay replay(graph);
  const auto x = pictures();
  const auto expected = train_pass(*module, [&] { return tensors_of(module->forward(x)); });
  expect_close(train_pass(*module, [&] { return replay.run({{"pictures", x}}); }), expected, 1e-4);
}

TEST(ScaleByBatchNorm, AddsTheBiasAfterTheDivision) {
  torch::manual_seed(3);
  PlainNorm module;
  module->train();
  const auto forward = [&](const Tensors& in) { return NamedTensors{{"y", module(in[0])}}; };
  const auto x = torch::randn({2, 4, 5, 5});
  auto graph = trace(*module, forward, {{"x", x}}, Mode::train);
  scale_by_batch_norm(graph);
  const auto* unscaled = graph.find("conv/unscaled")->producer;
  EXPECT_EQ(unscaled->tensor("bias")->name, "conv.bias");
  EXPECT_FALSE(graph.find("conv/convolution")->producer->has("bias"));
  const Replay replay(graph);
  const auto expected = train_pass(*module, [&] { return Tensors{module(x)}; });
  expect_close(train_pass(*module, [&] { return replay.run({{"x", x}}); }), expected, 1e-4);
  // The bias is in the running mean and so must be in what BatchNorm reads.
  const torch::NoGradGuard no_grad;
  expect_close(replay.run({{"x", x}}, {"conv/unscaled"}), {module->conv(x)}, 1e-5, "input");
}

TEST(ScaleByBatchNorm, ShowsTheWeightThatIsDeployed) {
  TwoHeads module;
  auto training = trace_pictures(module, Mode::train);
  auto deployed = trace_pictures(module, Mode::eval);
  scale_by_batch_norm(training);
  fold_batch_norm(deployed);
  for (const std::string layer : {"stem.conv", "grouped.conv", "up"}) {
    const auto scaled = Replay(training).run({}, {layer + "/scaled_weight"})[0];
    EXPECT_TRUE(scaled.equal(Replay(deployed).run({}, {layer + "/folded_weight"})[0])) << layer;
  }
}

TEST(ScaleByBatchNorm, StandsGammasOfNothingAndBelow) {
  torch::manual_seed(3);
  ConvBn module(3, 4, 3);
  {
    const torch::NoGradGuard no_grad;
    module->bn->weight.copy_(torch::tensor({0.0, -0.8, 1e-9, -1e-9}));
  }
  module->train();
  const auto forward = [&](const Tensors& in) { return NamedTensors{{"y", module(in[0])}}; };
  const auto x = torch::randn({2, 3, 6, 6});
  auto graph = trace(*module, forward, {{"x", x}}, Mode::train);
  scale_by_batch_norm(graph);
  const Replay replay(graph);
  const auto expected = train_pass(*module, [&] { return Tensors{module(x)}; });
  expect_close(train_pass(*module, [&] { return replay.run({{"x", x}}); }), expected, 1e-4);

  const torch::NoGradGuard no_grad;
  const auto ratio = replay.run({}, {"conv/scaled_weight"})[0] / module->conv->weight;
  const auto factors = ratio.flatten(1).mean(1);
  EXPECT_NEAR(factors[0].item<double>(), 1e-3, 1e-8);
  EXPECT_NEAR(factors[2].item<double>(), 1e-3, 1e-8);
  EXPECT_NEAR(factors[3].item<double>(), -1e-3, 1e-8);
  EXPECT_LT(factors[1].item<double>(), -0.5);  // -0.8 / sqrt(2) at most
}

}  // namespace
}  // namespace manyfold::graph
