#include "graph/passes.h"

namespace manyfold::graph {
namespace {

/// A layer that is linear in each output channel.
struct Layer {
  Node* node;
  const char* weight;
  const char* bias;
  bool transposed;
  int64_t groups;
};

std::optional<Layer> linear_layer(Node* node) {
  if (!node) return {};
  if (node->is("aten::convolution")) {
    return Layer{node, "weight", "bias", node->flag("transposed"), node->integer("groups")};
  }
  // BatchNorm's channels are axis 1, a linear layer's are the last.
  if (node->is("aten::linear") && node->output()->shape.size() == 2) {
    return Layer{node, "weight", "bias", false, 1};
  }
  return {};
}

bool constant_or_absent(const Node& node, const char* name) {
  const auto* value = node.tensor(name);
  return !value || value->kind == Value::constant;
}

// Each output channel of the weight times its factor. Of a transposed convolution, [in, out / g, k,
// k], channel j of group i is output channel i * (out / g) + j.
at::Tensor scale_channels(const at::Tensor& weight, const at::Tensor& factor, const Layer& layer) {
  std::vector<int64_t> ones(weight.dim(), 1);
  if (!layer.transposed) {
    ones[0] = -1;
    return weight * factor.view(ones);
  }
  const auto grouped = weight.view({layer.groups, -1, weight.size(1), weight[0][0].numel()});
  return (grouped * factor.view({layer.groups, 1, -1, 1})).view(weight.sizes());
}

void fold(Graph& graph, const Node& norm, const Layer& layer) {
  const auto number = [&](const char* name, double otherwise) {
    const auto* value = norm.tensor(name);
    return value ? value->tensor.to(at::kDouble)
                 : at::full_like(norm.tensor("running_var")->tensor, otherwise, at::kDouble);
  };
  const auto weight = layer.node->tensor(layer.weight)->tensor;
  const auto* bias = layer.node->tensor(layer.bias);
  const auto factor = number("weight", 1) / at::sqrt(number("running_var", 1) + norm.number("eps"));
  auto centred = -number("running_mean", 0);
  if (bias) centred = centred + bias->tensor.to(at::kDouble);
  const auto folded_weight = scale_channels(weight.to(at::kDouble), factor, layer);
  const auto folded_bias = number("bias", 0) + centred * factor;

  const auto type = weight.scalar_type();
  const auto uses = graph.uses();
  const auto replace = [&](const char* argument, const at::Tensor& by) {
    auto* old = layer.node->tensor(argument);
    if (old && uses.at(old).size() == 1) {
      old->tensor = by.to(type);
    } else {
      const auto name = layer.node->scope + "." + argument;
      layer.node->argument(argument) = graph.add_stored(Value::constant, name, by.to(type));
    }
  };
  replace(layer.weight, folded_weight);
  replace(layer.bias, folded_bias);
  graph.replace_uses(norm.output(), layer.node->output());
}

}  // namespace

void fold_batch_norm(Graph& graph) {
  for (const auto& node : graph.nodes()) {
    if (!node->is("aten::batch_norm") || node->flag("training")) continue;
    auto* input = node->tensor("input");
    const auto layer = linear_layer(input->producer);
    const auto uses = graph.uses();
    const bool foldable =
        layer && uses.at(input).size() == 1 && constant_or_absent(*layer->node, layer->weight) &&
        constant_or_absent(*layer->node, layer->bias) && node->tensor("running_mean") &&
        constant_or_absent(*node, "running_mean") && constant_or_absent(*node, "running_var") &&
        constant_or_absent(*node, "weight") && constant_or_absent(*node, "bias");
    bool is_output = false;
    for (const auto& output : graph.outputs()) is_output = is_output || output.second == input;
    if (foldable && !is_output) fold(graph, *node, *layer);
  }
  remove_dead_code(graph);
}

}  // namespace manyfold::graph
