#include <unordered_set>

#include "graph/passes.h"

namespace manyfold::graph {

void remove_dead_code(Graph& graph) {
  std::unordered_set<const Value*> needed;
  for (const auto& output : graph.outputs()) needed.insert(output.second);
  std::unordered_set<const Node*> live;
  const auto visit = [&](const Node& node) {
    live.insert(&node);
    for (const auto* value : node.inputs()) needed.insert(value);
  };
  const auto& nodes = graph.nodes();
  for (auto at = nodes.rbegin(); at != nodes.rend(); ++at) {
    const Node& node = **at;
    bool wanted = node.op.in_place() && !node.accompanies;
    for (const auto* output : node.outputs) wanted = wanted || needed.count(output);
    if (wanted) visit(node);
  }
  for (const auto& node : nodes) {
    if (node->accompanies && live.count(node->accompanies)) visit(*node);
  }
  graph.retain([&](const Node& node) { return live.count(&node) > 0; });
}

}  // namespace manyfold::graph
