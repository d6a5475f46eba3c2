#include "graph/rewrite.h"

#include <algorithm>

namespace manyfold::graph {

Value* insert_before(Graph& graph, const Node& position, const Operator& op,
                     std::vector<Argument> arguments, Shape shape, c10::ScalarType dtype) {
  auto* node = graph.add_node(op, std::move(arguments), position.scope, 1, &position);
  node->output()->shape = std::move(shape);
  node->output()->dtype = dtype;
  return node->output();
}

bool read_only_by(const Graph& graph, const Value* value, const Node* reader) {
  const auto& outputs = graph.outputs();
  const bool is_output = std::any_of(outputs.begin(), outputs.end(),
                                     [&](const auto& output) { return output.second == value; });
  const auto uses = graph.uses();
  const auto readers = uses.find(value);
  return !is_output && readers != uses.end() && readers->second.size() == 1 &&
         readers->second[0] == reader;
}

}  // namespace manyfold::graph
