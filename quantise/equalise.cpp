#include "quantise/equalise.h"

#include <torch/types.h>

#include <algorithm>
#include <unordered_map>

#include "graph/replay.h"

namespace manyfold::quantise {
namespace {

using at::Tensor;
using graph::Graph;
using graph::Node;
using graph::Value;

/// Two convolutions, the second of which alone reads the first.
struct Pair {
  const Node *first, *second;
};

bool is_convolution(const Node& node) {
  return node.is("aten::convolution") && !node.flag("transposed");
}

bool is_depthwise(const Node& node) {
  const auto& weight = node.tensor("weight")->shape;
  return node.integer("groups") > 1 && weight.at(1).fixed == 1 &&
         weight.at(0).fixed == node.integer("groups");
}

const Node* only_reader(const Graph& graph, const Value* value,
                        const std::unordered_map<const Value*, std::vector<Node*>>& uses) {
  for (const auto& output : graph.outputs()) {
    if (output.second == value) return nullptr;
  }
  const auto at = uses.find(value);
  return at != uses.end() && at->second.size() == 1 ? at->second[0] : nullptr;
}

/// The parameters that stretch each output channel of a layer: weight and bias, or BatchNorm's
/// gamma and beta where it is folded in. Empty when they are not the model's own tensors.
std::vector<Value*> stretch_of(const Node& node) {
  std::vector<Value*> found;
  for (const auto& [argument, through] :
       {std::pair{"weight", "gamma"}, std::pair{"bias", "beta"}}) {
    auto* value = node.tensor(argument);
    if (!value) continue;
    const auto* producer = value->producer;
    const bool folded = producer && producer->op.name().rfind("manyfold::folded_", 0) == 0;
    if (folded) value = producer->tensor(through);
    if (!value || !value->stored()) return {};
    found.push_back(value);
  }
  return found;
}

/// The weight of a layer as the model's own tensor, below the folding.
Value* raw_weight(const Node& node) {
  auto* value = node.tensor("weight");
  if (value->producer && value->producer->is("manyfold::folded_weight"))
    value = value->producer->tensor("weight");
  return value->stored() ? value : nullptr;
}

std::vector<Pair> pairs_of(const Graph& graph, const Plan& plan) {
  const auto uses = graph.uses();
  std::vector<Pair> pairs;
  for (const auto& node : graph.nodes()) {
    if (!is_convolution(*node) || stretch_of(*node).empty()) continue;
    const auto* next = only_reader(graph, node->output(), uses);
    if (next && next->is("aten::relu")) next = only_reader(graph, next->output(), uses);
    if (!next || !is_convolution(*next) || !raw_weight(*next)) continue;
    if (next->integer("groups") > 1 && !is_depthwise(*next)) continue;
    const auto is_layer = [&](const Node* each) {
      return std::any_of(plan.layers.begin(), plan.layers.end(),
                         [&](const LayerPlan& layer) { return layer.node == each->name; });
    };
    if (is_layer(node.get()) && is_layer(next)) pairs.push_back({node.get(), next});
  }
  return pairs;
}

Tensor column(const Tensor& each, const Tensor& like, int64_t axis) {
  std::vector<int64_t> shape(static_cast<size_t>(like.dim()), 1);
  shape[static_cast<size_t>(axis)] = -1;
  return each.view(shape);
}

/// Returns the largest change of a channel, as a factor - 1.
double equalise(const graph::Replay& replay, const Pair& pair) {
  const auto weights =
      replay.run({}, {pair.first->tensor("weight")->name, pair.second->tensor("weight")->name});
  const auto columns = is_depthwise(*pair.second) ? weights[1] : weights[1].transpose(0, 1);
  const auto r1 = weights[0].abs().flatten(1).amax(1), r2 = columns.abs().flatten(1).amax(1);
  const auto dead = r1.le(1e-8).logical_or(r2.le(1e-8));
  const auto s = (at::sqrt(r1 * r2) / r2).masked_fill(dead, 1);
  for (auto* value : stretch_of(*pair.first)) value->tensor.div_(column(s, value->tensor, 0));
  auto& second = raw_weight(*pair.second)->tensor;
  second.mul_(column(s, second, is_depthwise(*pair.second) ? 0 : 1));
  return (s - 1).abs().max().item<double>();
}

}  // namespace

int equalise(Graph& graph, const Plan& plan) {
  const torch::NoGradGuard no_grad;
  const auto pairs = pairs_of(graph, plan);
  const graph::Replay replay(graph);
  for (int round = 0; round < 20; ++round) {
    double change = 0;
    for (const auto& pair : pairs) change = std::max(change, equalise(replay, pair));
    if (change < 1e-3) break;
  }
  return static_cast<int>(pairs.size());
}

}  // namespace manyfold::quantise
