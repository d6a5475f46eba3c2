#include "tests/graph/shipped_models.h"

#include <gtest/gtest.h>
#include <torch/types.h>

#include "graph/cost.h"
#include "graph/replay.h"

namespace manyfold::graph {
namespace {

class Shipped : public testing::TestWithParam<ShippedModel> {};

struct Pass {
  Tensors outputs, gradients, buffers;
};

// One step's forward and backward; buffers are put back.
template <class F>
Pass train_pass(torch::nn::Module& module, F forward) {
  Tensors before;
  for (const auto& buffer : module.buffers()) before.push_back(buffer.clone());
  module.zero_grad();
  Pass pass;
  pass.outputs = forward();
  auto loss = torch::zeros({});
  for (const auto& output : pass.outputs) loss = loss + output.pow(2).mean();
  loss.backward();
  for (const auto& p : module.parameters()) {
    pass.gradients.push_back(p.grad().defined() ? p.grad().clone() : torch::zeros({0}));
  }
  for (const auto& buffer : module.buffers()) pass.buffers.push_back(buffer.clone());
  const torch::NoGradGuard no_grad;
  for (size_t i = 0; i < before.size(); ++i) module.buffers()[i].copy_(before[i]);
  return pass;
}

void expect_equal(const Tensors& a, const Tensors& b, const char* what) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(a[i].equal(b[i])) << what << " " << i;
}

Tensors tensors_of(const NamedTensors& named) {
  Tensors tensors;
  for (const auto& each : named) tensors.push_back(each.second);
  return tensors;
}

TEST_P(Shipped, TrainsByReplayAsByItself) {
  torch::manual_seed(1);
  auto model = GetParam().make();
  model->train();
  const Replay replay(trace_model(model, Mode::train));
  const auto x = torch::randint(256, {4, 3, 64, 64}, torch::kUInt8);
  const auto direct = train_pass(*model, [&] { return tensors_of(named(model->forward(x))); });
  const auto replayed = train_pass(*model, [&] { return replay.run({{"pictures", x}}); });
  expect_equal(direct.outputs, replayed.outputs, "output");
  expect_equal(direct.gradients, replayed.gradients, "gradient");
  expect_equal(direct.buffers, replayed.buffers, "buffer");
}

TEST_P(Shipped, EvaluatesByReplayAsByItself) {
  torch::manual_seed(1);
  auto model = GetParam().make();
  model->eval();
  const Replay replay(trace_model(model, Mode::eval));
  const torch::NoGradGuard no_grad;
  const auto x = torch::randint(256, {1, 3, 64, 64}, torch::kUInt8);
  expect_equal(replay.run({{"pictures", x}}), tensors_of(named(model->forward(x))), "output");
}

TEST_P(Shipped, CountsEveryParameterAndFindsEveryScope) {
  auto model = GetParam().make();
  const auto graph = trace_model(model, Mode::eval);
  int64_t parameters = 0;
  for (const auto& p : model->parameters()) parameters += p.numel();
  EXPECT_EQ(count_cost(graph).parameters, parameters);
  for (const auto& node : graph.nodes()) {
    // The normalisation is the model's own and stands outside its parts.
    const bool normalises = node->is("aten::to") || node->is("aten::mul") || node->is("aten::add");
    EXPECT_TRUE(!node->scope.empty() || normalises) << node->name;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Shipped, testing::ValuesIn(shipped_models()),
                         [](const auto& info) { return info.param.name(); });

}  // namespace
}  // namespace manyfold::graph
