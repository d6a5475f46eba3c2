#include "graph/cost.h"

#include <set>
#include <unordered_set>

namespace manyfold::graph {
namespace {

using Uses = std::unordered_map<const Value*, std::vector<Node*>>;

int64_t elements(const Shape& shape, int64_t batch) {
  int64_t count = 1;
  for (const auto& size : shape) count *= size.at(batch);
  return count;
}

// Each weight meets each position: of the result, or, when transposed, of the input.
int64_t convolution_macs(const Node& node, int64_t batch) {
  const auto& weight = node.tensor("weight")->shape;
  const bool transposed = node.flag("transposed");
  const auto& positions = transposed ? node.tensor("input")->shape : node.output()->shape;
  return elements(positions, batch) / positions[1].at(batch) * elements(weight, batch);
}

int64_t macs_of(const Node& node, int64_t batch) {
  const auto result = elements(node.output()->shape, batch);
  if (node.is("aten::convolution")) return convolution_macs(node, batch);
  if (node.is("aten::linear")) return result * node.tensor("weight")->shape[1].at(batch);
  if (node.is("aten::addmm")) return result * node.tensor("mat1")->shape.back().at(batch);
  if (node.is("aten::matmul") || node.is("aten::bmm")) {
    return result * node.tensor("self")->shape.back().at(batch);
  }
  return node.is("aten::upsample_bilinear2d") ? 4 * result : 0;
}

bool only_renames(const Node& node) {
  static const std::set<std::string> names = {
      "aten::alias",   "aten::contiguous", "aten::detach",    "aten::dropout",   "aten::flatten",
      "aten::reshape", "aten::squeeze",    "aten::unflatten", "aten::unsqueeze", "aten::view"};
  return names.count(node.op.name()) > 0;
}

// Applied by the layer before it, whose only reader it is.
bool is_fused(const Node& node, const Uses& uses) {
  static const std::set<std::string> names = {
      "aten::batch_norm", "aten::clamp",      "aten::hardsigmoid", "aten::hardswish",
      "aten::hardtanh",   "aten::leaky_relu", "aten::relu",        "aten::relu6",
      "aten::sigmoid",    "aten::silu",       "aten::tanh"};
  if (!names.count(node.op.name())) return false;
  const auto* input = std::get<Value*>(node.arguments[0]);
  const auto* producer = input->producer;
  if (!producer || uses.at(input).size() != 1) return false;
  return producer->is("aten::convolution") || producer->is("aten::linear") ||
         is_fused(*producer, uses);
}

int64_t activations_of(const Node& node, const Uses& uses, int64_t batch) {
  if (only_renames(node) || is_fused(node, uses) || node.op.in_place()) return 0;
  int64_t count = 0;
  for (const auto* value : node.inputs()) {
    if (!value->stored()) count += elements(value->shape, batch);
  }
  for (const auto* value : node.outputs) count += elements(value->shape, batch);
  return count;
}

}  // namespace

CostTable count_cost(const Graph& graph, int64_t batch) {
  const auto uses = graph.uses();
  std::unordered_set<const Value*> counted;
  CostTable table;
  for (const auto& node : graph.nodes()) {
    NodeCost cost{node->name, node->scope, node->op.name(), node->output()->shape, 0, 0, 0};
    cost.macs = macs_of(*node, batch);
    for (const auto* value : node->inputs()) {
      const bool weight = value->kind == Value::parameter || value->kind == Value::constant;
      if (weight && counted.insert(value).second) cost.parameters += elements(value->shape, batch);
    }
    cost.activations = activations_of(*node, uses, batch);
    table.macs += cost.macs;
    table.parameters += cost.parameters;
    table.activations += cost.activations;
    table.nodes.push_back(std::move(cost));
  }
  return table;
}

}  // namespace manyfold::graph
