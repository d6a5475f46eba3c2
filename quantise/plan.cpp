#include "quantise/plan.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "common/error.h"
#include "quantise/name_pattern.h"
#include "quantise/roles.h"

namespace manyfold::quantise {
namespace {

using graph::Graph;
using graph::Node;
using graph::Value;

/// Values that have one scale in common.
class Groups {
 public:
  void join(const Value* a, const Value* b) { parent_[root(a)] = root(b); }
  const Value* root(const Value* value) {
    const auto at = parent_.find(value);
    if (at == parent_.end() || at->second == value) return value;
    return at->second = root(at->second);
  }

 private:
  std::unordered_map<const Value*, const Value*> parent_;
};

/// Decides for one graph; `make_plan` runs its steps in order.
class Planner {
 public:
  Planner(const Graph& graph, const PlanOptions& options)
      : graph_(graph), options_(options), activations_(activations_of(graph)), uses_(graph.uses()) {
    for (const auto& output : graph.outputs()) outputs_.insert(output.second);
  }

  Plan run() {
    assign_roles();
    fuse_activations();
    group();
    find_reach();
    list_tensors();
    list_layers();
    list_users();
    list_gaps();
    return std::move(plan_);
  }

 private:
  bool requested(const Node& node) const { return kept_.count(&node) > 0; }
  bool remembers(const Node& node) const {
    return std::count(options_.memory.begin(), options_.memory.end(), node.name) > 0;
  }
  /// A state, or computed with it.
  bool is_remembered(const Value* value) const {
    if (value->producer) return remembers(*value->producer);
    const auto at = uses_.find(value);
    return at != uses_.end() && std::any_of(at->second.begin(), at->second.end(),
                                            [&](const auto* node) { return remembers(*node); });
  }
  Role role(const Node& node) const { return roles_.at(&node); }
  bool computes(const Node& node) const {
    return role(node) == Role::layer || role(node) == Role::arithmetic;
  }
  bool passes_on(const Node& node) const {
    return role(node) == Role::moves || role(node) == Role::averages ||
           (role(node) == Role::activation && !fused_.count(&node));
  }
  /// Gives steps that it reads, or 0: nothing is averaged, no bound lies between two steps, and no
  /// weight or other constant is put beside them.
  bool keeps_steps(const Node& node) const {
    if (!passes_on(node) || role(node) == Role::averages) return false;
    if (role(node) == Role::activation && !node.is("aten::relu")) return false;
    const auto inputs = node.inputs();
    return std::all_of(inputs.begin(), inputs.end(), [&](const auto* value) {
      return !c10::isFloatingType(value->dtype) || activations_.count(value) > 0;
    });
  }
  bool quantised(const Value* value) { return in_use_.count(groups_.root(value)) > 0; }

  void assign_roles() {
    std::vector<bool> matched(options_.keep_float.size(), false);
    for (const auto& node : graph_.nodes()) {
      auto& role = roles_[node.get()];
      role = role_of(*node, activations_);
      natural_[node.get()] = role;
      for (size_t i = 0; i < options_.keep_float.size(); ++i) {
        const auto& pattern = options_.keep_float[i];
        if (!matches(pattern, node->scope) && !matches(pattern, node->name)) continue;
        matched[i] = true;
        kept_.insert(node.get());
        role = Role::floating;
      }
      const auto& gathered = options_.gatherings;
      if (std::count(gathered.begin(), gathered.end(), node->name) || remembers(*node))
        role = Role::floating;
    }
    const auto unmatched = std::find(matched.begin(), matched.end(), false);
    if (unmatched != matched.end())
      refuse_pattern(options_.keep_float[static_cast<size_t>(unmatched - matched.begin())]);
  }

  [[noreturn]] void refuse_pattern(const std::string& pattern) const {
    std::vector<std::string> scopes;
    for (const auto& node : graph_.nodes()) {
      if (!node->scope.empty() && (scopes.empty() || scopes.back() != node->scope))
        scopes.push_back(node->scope);
    }
    throw ConfigError("quantise.float: no layer of the model matches '" + pattern + "'" +
                      known_names(pattern, scopes));
  }

  // A layer that stays in float has its activation with it as well.
  void fuse_activations() {
    for (const auto& node : graph_.nodes()) {
      if (role(*node) != Role::activation) continue;
      const auto* input = inputs_of(*node, activations_).at(0);
      const auto* producer = input->producer;
      if (!producer || uses_.at(input).size() != 1 || outputs_.count(input)) continue;
      const auto natural = natural_.at(producer);
      if (natural == Role::layer || natural == Role::arithmetic) fused_[node.get()] = producer;
    }
    for (const auto& [activation, producer] : fused_) inside_[producer->output()] = activation;
  }

  /// What a computing node gives, behind its activation.
  const Value* result_of(const Node& node) const {
    const auto at = inside_.find(node.output());
    return at == inside_.end() ? node.output() : at->second->output();
  }

  void group() {
    for (const auto& node : graph_.nodes()) {
      if (!passes_on(*node)) continue;
      const auto inputs = inputs_of(*node, activations_);
      for (const auto* input : inputs) groups_.join(input, inputs[0]);
      for (const auto* output : node->outputs) groups_.join(output, inputs[0]);
    }
    for (const auto& node : graph_.nodes()) {
      if (!computes(*node)) continue;
      for (const auto* input : inputs_of(*node, activations_)) in_use_.insert(groups_.root(input));
      in_use_.insert(groups_.root(result_of(*node)));
    }
  }

  // Which values come after a computing node, and which come before one.
  void find_reach() {
    const auto& nodes = graph_.nodes();
    for (const auto& node : nodes) {
      const auto inputs = inputs_of(*node, activations_);
      const bool after = computes(*node) || natural_.at(node.get()) == Role::layer ||
                         std::any_of(inputs.begin(), inputs.end(),
                                     [&](const auto* value) { return after_.count(value) > 0; });
      if (after) after_.insert(node->outputs.begin(), node->outputs.end());
    }
    for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
      const auto& outputs = (*node)->outputs;
      const bool before = computes(**node) ||
                          std::any_of(outputs.begin(), outputs.end(),
                                      [&](const auto* value) { return before_.count(value) > 0; });
      if (!before) continue;
      for (const auto* input : inputs_of(**node, activations_)) before_.insert(input);
    }
  }

  std::string reason_of(const Value* value) const {
    const auto* producer = value->producer;
    if (inside_.count(value)) return "inside its layer: the activation behind it is quantised";
    if (producer && requested(*producer)) return "kept in float by quantise.float";
    if (is_remembered(value)) return "memory, where small changes count";
    if (!after_.count(value)) return "before the first layer";
    if (!before_.count(value)) return "behind the last layer";
    if (producer && natural_.at(producer) != Role::floating)
      return "its neighbours are kept in float";
    return "no integer form of " + (producer ? producer->op.name() : "an input");
  }

  void add_tensor(const Value* value) {
    if (!activations_.count(value)) return;
    TensorPlan tensor;
    tensor.name = value->name;
    const auto* producer = value->producer;
    if (inside_.count(value) || !quantised(value)) {
      tensor.reason = reason_of(value);
    } else {
      const auto& owner = owners_.try_emplace(groups_.root(value), value->name).first->second;
      tensor.owner = owner;
      tensor.kind = owner == value->name ? TensorPlan::quantised : TensorPlan::shared;
      tensor.positive = producer && producer->is("aten::relu") && fused_.count(producer) > 0;
      tensor.exact = producer && keeps_steps(*producer);
      if (tensor.kind == TensorPlan::shared)
        tensor.reason =
            producer && passes_on(*producer) ? producer->op.name() : "one scale with others";
    }
    plan_.tensors.push_back(std::move(tensor));
  }

  void list_tensors() {
    for (const auto* input : graph_.inputs()) add_tensor(input);
    for (const auto& node : graph_.nodes()) {
      for (const auto* output : node->outputs) add_tensor(output);
    }
  }

  void list_layers() {
    for (const auto& node : graph_.nodes()) {
      if (role(*node) != Role::layer) continue;
      const auto* weight = node->tensor("weight");
      plan_.layers.push_back({node->name, node->scope, inputs_of(*node, activations_).at(0)->name,
                              weight->name, result_of(*node)->name, weight->shape.at(0).fixed});
    }
  }

  void list_users() {
    for (const auto& node : graph_.nodes()) {
      if (!computes(*node)) continue;
      std::set<const Value*> roots = {groups_.root(result_of(*node))};
      for (const auto* input : inputs_of(*node, activations_)) roots.insert(groups_.root(input));
      for (const auto* root : roots) plan_.users[owners_.at(root)].push_back(node->name);
    }
  }

  void list_gaps() {
    for (const auto& node : graph_.nodes()) {
      if (role(*node) != Role::floating || requested(*node) || remembers(*node)) continue;
      const auto inputs = inputs_of(*node, activations_);
      const bool between =
          std::any_of(inputs.begin(), inputs.end(),
                      [&](const auto* value) { return after_.count(value) > 0; }) &&
          std::any_of(node->outputs.begin(), node->outputs.end(),
                      [&](const auto* value) { return before_.count(value) > 0; });
      if (between) plan_.gaps.emplace_back(node->name, node->op.name());
    }
  }

  const Graph& graph_;
  const PlanOptions& options_;
  Activations activations_;
  std::unordered_map<const Value*, std::vector<Node*>> uses_;
  std::unordered_set<const Value*> outputs_;
  std::unordered_map<const Node*, Role> roles_, natural_;  // natural: before requests
  std::unordered_set<const Node*> kept_;
  std::unordered_map<const Node*, const Node*> fused_;    // activation -> the layer it is one with
  std::unordered_map<const Value*, const Node*> inside_;  // between the two -> the activation
  Groups groups_;
  std::unordered_set<const Value*> in_use_;  // roots of groups
  std::unordered_set<const Value*> after_, before_;
  std::unordered_map<const Value*, std::string> owners_;
  Plan plan_;
};

}  // namespace

const TensorPlan* Plan::find(const std::string& name) const {
  const auto at = std::find_if(tensors.begin(), tensors.end(),
                               [&](const TensorPlan& tensor) { return tensor.name == name; });
  return at == tensors.end() ? nullptr : &*at;
}

std::vector<std::string> Plan::owners() const {
  std::vector<std::string> names;
  for (const auto& tensor : tensors) {
    if (tensor.kind == TensorPlan::quantised) names.push_back(tensor.name);
  }
  return names;
}

Plan make_plan(const Graph& graph, const PlanOptions& options) {
  return Planner(graph, options).run();
}

}  // namespace manyfold::quantise
