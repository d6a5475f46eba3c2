#include "quantise/roles.h"

#include <algorithm>
#include <map>
#include <string>

namespace manyfold::quantise {
namespace {

const std::map<std::string, Role>& table() {
  static const std::map<std::string, Role> roles = {
      {"aten::adaptive_avg_pool2d", Role::averages},
      {"aten::alias", Role::moves},
      {"aten::avg_pool2d", Role::averages},
      {"aten::cat", Role::moves},
      {"aten::chunk", Role::moves},
      {"aten::clone", Role::moves},
      {"aten::contiguous", Role::moves},
      {"aten::detach", Role::moves},
      {"aten::dropout", Role::moves},
      {"aten::expand", Role::moves},
      {"aten::feature_dropout", Role::moves},
      {"aten::flatten", Role::moves},
      {"aten::index_select", Role::moves},
      {"aten::leaky_relu", Role::arithmetic},
      {"aten::max_pool2d", Role::moves},
      {"aten::permute", Role::moves},
      {"aten::pixel_shuffle", Role::moves},
      {"aten::pixel_unshuffle", Role::moves},
      {"aten::relu", Role::activation},
      {"aten::relu6", Role::activation},
      {"aten::repeat", Role::moves},
      {"aten::reshape", Role::moves},
      {"aten::select", Role::moves},
      {"aten::sigmoid", Role::arithmetic},
      {"aten::slice", Role::moves},
      {"aten::split", Role::moves},
      {"aten::split_with_sizes", Role::moves},
      {"aten::squeeze", Role::moves},
      {"aten::stack", Role::moves},
      {"aten::t", Role::moves},
      {"aten::transpose", Role::moves},
      {"aten::unbind", Role::moves},
      {"aten::unflatten", Role::moves},
      {"aten::unsqueeze", Role::moves},
      {"aten::upsample_bilinear2d", Role::averages},
      {"aten::upsample_nearest2d", Role::moves},
      {"aten::view", Role::moves},
      {"manyfold::space_to_depth", Role::moves},
  };
  return roles;
}

bool is_plain_sum(const graph::Node& node) {
  const auto& alpha = node.argument("alpha");
  const auto* constant = std::get_if<c10::IValue>(&alpha);
  return constant && constant->toScalar().toDouble() == 1;
}

bool starts_at_zero(const graph::Node& node, const char* low) {
  return node.has(low) && std::holds_alternative<c10::IValue>(node.argument(low)) &&
         node.number(low) == 0;
}

// Over height and width of pictures.
bool is_global_mean(const graph::Node& node) {
  if (!node.has("dim") || node.tensor("self")->shape.size() != 4) return false;
  const auto axes = node.integers("dim");
  return axes == std::vector<int64_t>{2, 3} || axes == std::vector<int64_t>{-2, -1} ||
         axes == std::vector<int64_t>{-1, -2};
}

}  // namespace

Activations activations_of(const graph::Graph& graph) {
  std::unordered_set<const graph::Value*> live(graph.inputs().begin(), graph.inputs().end());
  for (const auto& node : graph.nodes()) {
    const auto inputs = node->inputs();
    const bool computed = std::any_of(inputs.begin(), inputs.end(),
                                      [&](const auto* value) { return live.count(value) > 0; });
    if (computed) live.insert(node->outputs.begin(), node->outputs.end());
  }
  Activations found;
  for (const auto* value : live) {
    if (c10::isFloatingType(value->dtype)) found.insert(value);
  }
  return found;
}

std::vector<graph::Value*> inputs_of(const graph::Node& node, const Activations& activations) {
  std::vector<graph::Value*> found;
  for (auto* value : node.inputs()) {
    if (activations.count(value)) found.push_back(value);
  }
  return found;
}

Role role_of(const graph::Node& node, const Activations& activations) {
  const auto inputs = inputs_of(node, activations).size();
  if (inputs == 0) return Role::floating;
  if (node.is("aten::convolution")) return node.flag("transposed") ? Role::floating : Role::layer;
  if (node.is("aten::linear")) {
    return node.output()->shape.size() == 2 ? Role::layer : Role::floating;
  }
  // Not of an activation and a constant.
  if (node.is("aten::add"))
    return inputs == 2 && is_plain_sum(node) ? Role::arithmetic : Role::floating;
  if (node.is("aten::mul")) return inputs == 2 ? Role::arithmetic : Role::floating;
  if (node.is("aten::mean")) return is_global_mean(node) ? Role::averages : Role::floating;
  if (node.is("aten::hardtanh")) {
    return starts_at_zero(node, "min_val") ? Role::activation : Role::floating;
  }
  if (node.is("aten::clamp")) {
    return starts_at_zero(node, "min") ? Role::activation : Role::floating;
  }
  const auto at = table().find(node.op.name());
  return at == table().end() ? Role::floating : at->second;
}

}  // namespace manyfold::quantise
