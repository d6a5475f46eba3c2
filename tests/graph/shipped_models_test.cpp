#include "tests/graph/shipped_models.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "graph/cost.h"
#include "graph/passes.h"
#include "graph/replay.h"
#include "tests/graph/train_pass.h"

namespace manyfold::graph {
namespace {

class Shipped : public testing::TestWithParam<ShippedModel> {};

TensorMap feeds(const NamedTensors& inputs) { return {inputs.begin(), inputs.end()}; }

TEST_P(Shipped, TrainsByReplayAsByItself) {
  torch::manual_seed(1);
  auto model = GetParam().make();
  model->train();
  const Replay replay(trace_model(model, Mode::train));
  const auto x = inputs_of(model, 4);
  const auto direct =
      train_pass(*model, [&] { return tensors_of(outputs_of(model, tensors_of(x))); });
  const auto replayed = train_pass(*model, [&] { return replay.run(feeds(x)); });
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
  const auto x = inputs_of(model, 1);
  expect_equal(replay.run(feeds(x)), tensors_of(outputs_of(model, tensors_of(x))), "output");
}

TEST_P(Shipped, GivesItsResultsWithEveryBatchNormFolded) {
  torch::manual_seed(1);
  auto model = GetParam().make();
  {
    const torch::NoGradGuard no_grad;
    for (const auto& buffer : model->named_buffers()) {
      if (buffer.key().find("running_mean") != std::string::npos) buffer.value().normal_(0, 0.1);
      if (buffer.key().find("running_var") != std::string::npos) buffer.value().uniform_(0.5, 1.5);
    }
  }
  model->eval();
  auto graph = trace_model(model, Mode::eval);
  fold_batch_norm(graph);
  fuse_branches(graph);
  for (const auto& node : graph.nodes()) EXPECT_FALSE(node->is("aten::batch_norm")) << node->name;
  const torch::NoGradGuard no_grad;
  const auto x = inputs_of(model, 2);
  const auto expected = tensors_of(outputs_of(model, tensors_of(x)));
  expect_close(Replay(graph).run(feeds(x)), expected, 1e-5, "trainable output");
  freeze(graph);
  fold_constants(graph);
  expect_close(Replay(graph).run(feeds(x)), expected, 1e-5, "frozen output");
  for (const auto& node : graph.nodes()) {
    if (node->is("aten::convolution")) {
      EXPECT_EQ(node->tensor("weight")->kind, Value::constant) << node->name;
    }
  }
}

bool reads_parameters(const Node& node) {
  const auto inputs = node.inputs();
  return std::any_of(inputs.begin(), inputs.end(),
                     [](const Value* value) { return value->kind == Value::parameter; });
}

TEST_P(Shipped, CountsEveryParameterAndFindsEveryScope) {
  auto model = GetParam().make();
  const auto graph = trace_model(model, Mode::eval);
  int64_t parameters = 0;
  for (const auto& p : model->parameters()) parameters += p.numel();
  EXPECT_EQ(count_cost(graph).parameters, parameters);
  for (const auto& node : graph.nodes()) {
    // The model's own stand outside its parts: the normalisation, and what is between two parts,
    // such as a map and a state.
    const bool normalises = node->is("aten::to") || node->is("aten::mul") || node->is("aten::add");
    const bool own = GetParam().memory ? !reads_parameters(*node) : normalises;
    EXPECT_TRUE(!node->scope.empty() || own) << node->name;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Shipped, testing::ValuesIn(all_shipped_models()),
                         [](const auto& info) { return info.param.name(); });

}  // namespace
}  // namespace manyfold::graph
