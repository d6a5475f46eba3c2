#include "graph/canonical.h"

namespace manyfold::graph {
namespace {

void replace_node(Graph& graph, Node& old, const Operator& op, std::vector<Argument> arguments) {
  auto* fresh = graph.add_node(op, std::move(arguments), old.scope, 1, &old);
  fresh->output()->shape = old.output()->shape;
  fresh->output()->dtype = old.output()->dtype;
  graph.replace_uses(old.output(), fresh->output());
}

// The last four arguments are cuDNN's settings at the time of tracing; aten::convolution asks for
// them when it runs.
void plain_convolution(Graph& graph, Node& node) {
  static const auto convolution = Operator::get("aten::convolution");
  auto arguments = node.arguments;
  arguments.resize(convolution.arguments().size(), c10::IValue());
  replace_node(graph, node, convolution, std::move(arguments));
}

// The stored weight of `x.t()`, or null.
Value* transposed_weight(const Value* value) {
  const auto* node = value->producer;
  if (!node || !node->is("aten::t")) return nullptr;
  auto* weight = node->tensor("self");
  return weight->stored() && weight->shape.size() == 2 ? weight : nullptr;
}

bool is_one(const c10::IValue& value) { return value.toScalar().toDouble() == 1; }

// addmm(bias, x, weight.t()) and matmul(x, weight.t()) are what aten::linear itself calls.
void whole_linear(Graph& graph, Node& node) {
  static const auto linear = Operator::get("aten::linear");
  if (node.is("aten::addmm")) {
    auto* weight = transposed_weight(node.tensor("mat2"));
    if (!weight || !is_one(node.constant("alpha")) || !is_one(node.constant("beta"))) return;
    auto* bias = node.tensor("self");
    if (bias->shape.size() != 1) return;
    replace_node(graph, node, linear, {node.tensor("mat1"), weight, bias});
  } else if (auto* weight = transposed_weight(node.tensor("other"))) {
    replace_node(graph, node, linear, {node.tensor("self"), weight, c10::IValue()});
  }
}

}  // namespace

void canonicalise(Graph& graph) {
  std::vector<Node*> nodes;
  for (const auto& node : graph.nodes()) nodes.push_back(node.get());
  for (auto* node : nodes) {
    if (node->is("aten::_convolution")) plain_convolution(graph, *node);
    if (node->is("aten::addmm") || node->is("aten::matmul")) whole_linear(graph, *node);
  }
}

}  // namespace manyfold::graph
