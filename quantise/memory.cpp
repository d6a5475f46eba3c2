#include "quantise/memory.h"

#include <algorithm>
#include <unordered_set>

#include "quantise/roles.h"

namespace manyfold::quantise {
namespace {

using graph::Graph;
using graph::Node;
using graph::Operator;
using graph::Value;

using Values = std::unordered_set<const Value*>;

template <class List>
bool any_in(const List& values, const Values& set) {
  return std::any_of(values.begin(), values.end(),
                     [&](const auto* value) { return set.count(value) > 0; });
}

/// Collects the nodes of a memory; `run` does it.
class Finder {
 public:
  Finder(Graph& graph, const std::vector<StateFacts>& states)
      : graph_(graph), states_(states), activations_(activations_of(graph)), uses_(graph.uses()) {}

  Memory run() {
    for (const auto& state : states_) {
      const auto *in = graph_.find(state.input), *out = graph_.find(state.output);
      TORCH_CHECK(in && out, "keep_memory_apart: no state '", state.input, "' and '", state.output,
                  "' in the graph");
      remembered_.insert(in);
      outputs_.insert(out);
      bounds_[in] = state.bound;
      add_between(in, out, state.bound);
    }
    add_readers();
    add_suppliers();
    copy_for_layers();
    return std::move(memory_);
  }

 private:
  /// No layer, and no mere move of values.
  bool is_arithmetic(const Node& node) const {
    if (node.is("aten::convolution") || node.is("aten::linear")) return false;
    const auto role = role_of(node, activations_);
    return role == Role::arithmetic || role == Role::activation || role == Role::floating;
  }

  void add(const Node& node) {
    nodes_.insert(&node);
    remembered_.insert(node.outputs.begin(), node.outputs.end());
  }

  void add_between(const Value* in, const Value* out, double bound) {
    Values after = {in}, before = {out};
    const auto& nodes = graph_.nodes();
    for (const auto& node : nodes) {
      if (any_in(node->inputs(), after)) after.insert(node->outputs.begin(), node->outputs.end());
    }
    for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
      if (!any_in((*node)->outputs, before)) continue;
      for (const auto* input : (*node)->inputs()) before.insert(input);
    }
    for (const auto& node : nodes) {
      if (!any_in(node->inputs(), after) || !any_in(node->outputs, before)) continue;
      if (!is_arithmetic(*node)) continue;
      add(*node);
      for (const auto* output : node->outputs) bounds_[output] = bound;
    }
  }

  void add_readers() {
    for (const auto& node : graph_.nodes()) {
      if (any_in(node->inputs(), remembered_) && is_arithmetic(*node)) add(*node);
    }
  }

  void add_suppliers() {
    const auto& nodes = graph_.nodes();
    for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
      if ((*node)->outputs.size() != 1) continue;
      const auto* result = (*node)->output();
      if (!activations_.count(result) || is_output(result)) continue;
      const auto& readers = readers_of(result);
      const bool theirs = std::any_of(readers.begin(), readers.end(),
                                      [&](const auto* reader) { return nodes_.count(reader) > 0; });
      if (theirs && is_arithmetic(**node) && role_of(**node, activations_) == Role::floating)
        add(**node);
    }
  }

  void copy_for_layers() {
    for (const auto& node : graph_.nodes()) {
      if (nodes_.count(node.get())) memory_.nodes.push_back(node->name);
    }
    std::vector<Value*> values;
    for (const auto& value : graph_.values()) {
      if (remembered_.count(value.get())) values.push_back(value.get());
    }
    for (auto* value : values) {
      std::vector<Node*> layers;
      for (auto* reader : readers_of(value)) {
        if (!nodes_.count(reader)) layers.push_back(reader);
      }
      if (layers.empty()) continue;
      const bool both = layers.size() < readers_of(value).size() || outputs_.count(value) > 0;
      const auto* read = both ? copy(value, layers) : value;
      const auto bound = bounds_.find(value);
      if (bound != bounds_.end()) memory_.read.emplace_back(read->name, bound->second);
    }
  }

  const Value* copy(Value* value, const std::vector<Node*>& readers) {
    static const auto op = Operator::get("aten::alias");
    const auto* producer = value->producer;
    auto* node = producer ? graph_.add_node_after(producer, op, {value}, producer->scope)
                          : graph_.add_node(op, {value}, readers[0]->scope, 1, readers[0]);
    node->output()->shape = value->shape;
    node->output()->dtype = value->dtype;
    for (auto* reader : readers) reader->replace_input(value, node->output());
    memory_.nodes.push_back(node->name);
    return node->output();
  }

  bool is_output(const Value* value) const {
    const auto& outputs = graph_.outputs();
    return std::any_of(outputs.begin(), outputs.end(),
                       [&](const auto& output) { return output.second == value; });
  }

  const std::vector<Node*>& readers_of(const Value* value) const {
    static const std::vector<Node*> none;
    const auto at = uses_.find(value);
    return at == uses_.end() ? none : at->second;
  }

  Graph& graph_;
  const std::vector<StateFacts>& states_;
  const Activations activations_;
  const std::unordered_map<const Value*, std::vector<Node*>> uses_;  // as they were
  std::unordered_set<const Node*> nodes_;
  Values remembered_, outputs_;  // states and what nodes_ give; what becomes a state
  std::unordered_map<const Value*, double> bounds_;  // of states, and what leads to the next ones
  Memory memory_;
};

}  // namespace

Memory keep_memory_apart(Graph& graph, const std::vector<StateFacts>& states) {
  if (states.empty()) return {};
  return Finder(graph, states).run();
}

}  // namespace manyfold::quantise
