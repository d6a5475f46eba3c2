#include "graph/passes.h"

namespace manyfold::graph {
namespace {

// The number that `value` is filled with.
std::optional<c10::IValue> filled_with(const Value* value) {
  const auto* node = value->producer;
  if (!node || !node->is("aten::fill") || node->op.overload() != "Scalar") return {};
  return node->constant("value");
}

bool is_elementwise_pair(const Node& node) {
  const bool known =
      node.is("aten::add") || node.is("aten::sub") || node.is("aten::mul") || node.is("aten::div");
  return known && node.op.overload() == "Tensor";
}

}  // namespace

void simplify_fills(Graph& graph) {
  for (const auto& node : graph.nodes()) {
    // The empty tensor that was filled is of no interest, only its shape.
    if (node->is("aten::fill") && node->tensor("self")->producer &&
        node->tensor("self")->producer->is("aten::empty_like")) {
      node->argument("self") = node->tensor("self")->producer->tensor("self");
    }
    if (!is_elementwise_pair(*node)) continue;
    const auto* self = node->tensor("self");
    const auto* other = node->tensor("other");
    const auto number = filled_with(self);
    if (!number || !(self->shape == other->shape)) continue;
    const auto scalar =
        at::scalar_tensor(number->toScalar(), at::TensorOptions().dtype(self->dtype));
    node->argument("self") = graph.add_stored(Value::constant, node->name + ".number", scalar);
  }
  remove_dead_code(graph);
}

}  // namespace manyfold::graph
