#include <algorithm>

#include "graph/canonical.h"

namespace manyfold::graph {
namespace {

// "encoder.stem.conv.weight" -> "encoder.stem.conv"; "scale" -> "".
std::string parent(const std::string& name) {
  const auto dot = name.rfind('.');
  return dot == std::string::npos ? "" : name.substr(0, dot);
}

// What two dotted names begin with, in whole parts.
std::string common(const std::string& a, const std::string& b) {
  size_t end = 0;
  for (size_t i = 0; i <= std::min(a.size(), b.size()); ++i) {
    const bool a_ends = i == a.size() || a[i] == '.';
    const bool b_ends = i == b.size() || b[i] == '.';
    if (a_ends && b_ends) end = i;
    if (i < a.size() && i < b.size() && a[i] != b[i]) break;
  }
  return a.substr(0, end);
}

bool is_state(const Value* value) {
  return value->kind == Value::parameter || value->kind == Value::buffer;
}

// The common part of `scopes`; "" of none.
std::string common(const std::vector<std::string>& scopes) {
  if (scopes.empty()) return "";
  auto result = scopes.front();
  for (const auto& scope : scopes) result = common(result, scope);
  return result;
}

bool reads_state(const Node& node) {
  const auto inputs = node.inputs();
  return std::any_of(inputs.begin(), inputs.end(), is_state);
}

// A node that reads parameters belongs to their module. One that reads none stands beside what it
// reads from: a relu after "stem.bn" is in "stem".
std::string scope_of(const Node& node) {
  std::vector<std::string> own, around;
  for (const auto* value : node.inputs()) {
    if (is_state(value)) own.push_back(parent(value->name));
    if (!value->producer) continue;
    const auto& producer = *value->producer;
    around.push_back(reads_state(producer) ? parent(producer.scope) : producer.scope);
  }
  return common(own.empty() ? around : own);
}

// What stands before the first parameters belongs where it is read.
void scope_from_readers(const Graph& graph) {
  const auto uses = graph.uses();
  for (auto at = graph.nodes().rbegin(); at != graph.nodes().rend(); ++at) {
    auto& node = **at;
    if (!node.scope.empty() || reads_state(node)) continue;
    std::vector<std::string> around;
    for (const auto* output : node.outputs) {
      const auto readers = uses.find(output);
      if (readers == uses.end()) continue;
      for (const auto* reader : readers->second) {
        around.push_back(reads_state(*reader) ? parent(reader->scope) : reader->scope);
      }
    }
    node.scope = common(around);
  }
}

// The next node of the same module that reads its parameters or buffers; else the one before.
Node* accompanied(const Graph& graph, const Node& update) {
  Node* before = nullptr;
  bool after = false;
  for (const auto& node : graph.nodes()) {
    if (node.get() == &update) {
      after = true;
    } else if (!node->op.in_place() && node->scope == update.scope && reads_state(*node)) {
      if (after) return node.get();
      before = node.get();
    }
  }
  return before;
}

}  // namespace

void name_scopes(Graph& graph) {
  for (const auto& node : graph.nodes()) node->scope = scope_of(*node);
  scope_from_readers(graph);
  for (const auto& node : graph.nodes()) {
    node->accompanies = node->op.in_place() ? accompanied(graph, *node) : nullptr;
  }
  graph.rename();
}

}  // namespace manyfold::graph
