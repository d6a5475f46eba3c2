#include <algorithm>
#include <unordered_set>

#include "common/error.h"
#include "graph/passes.h"
#include "graph/rewrite.h"

namespace manyfold::graph {
namespace {

bool is_constant(const Value* value) { return value->kind == Value::constant; }

// What draws numbers, what the exporters write as quantisation, and what follows the batch stays.
bool must_stay(const Node& node) {
  for (const auto* kept : {"rand", "bernoulli", "fake_quant", "quantise_bias"}) {
    if (node.op.name().find(kept) != std::string::npos) return true;
  }
  return std::any_of(node.arguments.begin(), node.arguments.end(), [](const Argument& argument) {
    return std::holds_alternative<Shape>(argument);
  });
}

c10::IValue stored_argument(const Argument& argument) {
  if (const auto* value = std::get_if<Value*>(&argument)) return (*value)->tensor;
  if (const auto* list = std::get_if<std::vector<Value*>>(&argument)) {
    c10::List<at::Tensor> tensors;
    for (const auto* value : *list) tensors.push_back(value->tensor);
    return tensors;
  }
  return std::get<c10::IValue>(argument);
}

bool has_absent(const Node& node) {
  return std::any_of(node.arguments.begin(), node.arguments.end(), [](const Argument& argument) {
    const auto* list = std::get_if<std::vector<Value*>>(&argument);
    return list && std::count(list->begin(), list->end(), nullptr);
  });
}

Tensors run(const Node& node) {
  const torch::NoGradGuard no_grad;
  std::vector<c10::IValue> stack;
  for (const auto& argument : node.arguments) stack.push_back(stored_argument(argument));
  node.op.run(stack);
  Tensors results;
  for (const auto& result : stack) {
    if (result.isTensorList()) {
      for (const auto& each : result.toTensorVector()) results.push_back(each);
    } else {
      results.push_back(result.toTensor());
    }
  }
  return results;
}

// What a node reads as its weight or bias is named after its module, where that name is free by
// now: a folded weight goes on under the name that it has in the checkpoint.
void name_after_modules(Graph& graph, const std::unordered_set<const Value*>& folded) {
  const auto uses = graph.uses();
  for (const auto& node : graph.nodes()) {
    const auto& names = node->op.arguments();
    for (size_t i = 0; i < names.size(); ++i) {
      const auto* value = std::get_if<Value*>(&node->arguments[i]);
      if (!value || (names[i] != "weight" && names[i] != "bias")) continue;
      const auto name = node->scope.empty() ? names[i] : node->scope + "." + names[i];
      const bool its_own = folded.count(*value) && uses.at(*value).size() == 1;
      if (its_own && !graph.find(name)) (*value)->name = name;
    }
  }
}

void refuse_training(const Node& node) {
  const bool training = (node.is("aten::batch_norm") && node.flag("training")) ||
                        (node.is("aten::instance_norm") && node.flag("use_input_stats") &&
                         node.has("running_mean")) ||
                        (node.op.name().find("dropout") != std::string::npos && node.has("train") &&
                         node.flag("train"));
  if (training) {
    throw UserError("graph: " + node.name +
                    " is in training mode; trace the model in evaluation (Mode::eval) for this");
  }
}

}  // namespace

bool from_stored_only(const Value* value) {
  if (value->stored()) return true;
  const auto* node = value->producer;
  if (!node || node->op.in_place() || must_stay(*node) || has_absent(*node)) return false;
  const auto inputs = node->inputs();
  return std::all_of(inputs.begin(), inputs.end(), from_stored_only);
}

void freeze(Graph& graph) {
  for (const auto& node : graph.nodes()) refuse_training(*node);
  const auto device = device_of(graph);
  for (const auto& value : graph.values()) {
    if (!value->stored()) continue;
    value->kind = Value::constant;
    value->tensor = value->tensor.detach().to(device, /*non_blocking=*/false, /*copy=*/true);
  }
}

void fold_constants(Graph& graph) {
  std::vector<Node*> nodes;
  for (const auto& node : graph.nodes()) nodes.push_back(node.get());
  std::unordered_set<const Value*> all_folded;
  for (const auto* node : nodes) {
    const auto inputs = node->inputs();
    const bool known = std::all_of(inputs.begin(), inputs.end(), is_constant);
    if (!known || node->op.in_place() || must_stay(*node) || has_absent(*node)) {
      continue;
    }
    const auto results = run(*node);
    for (size_t i = 0; i < node->outputs.size(); ++i) {
      auto* folded = graph.add_stored(Value::constant, node->outputs[i]->name + ".folded",
                                      results[i].contiguous());
      graph.replace_uses(node->outputs[i], folded);
      all_folded.insert(folded);
    }
  }
  remove_dead_code(graph);
  name_after_modules(graph, all_folded);
}

}  // namespace manyfold::graph
