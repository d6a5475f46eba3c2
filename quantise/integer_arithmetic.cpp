#include "quantise/integer_arithmetic.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>

#include "graph/passes.h"
#include "quantise/roles.h"

namespace manyfold::quantise {
namespace {

using at::Tensor;
using graph::Graph;
using graph::Node;
using graph::Operator;

constexpr const char* kTensor = "aten::fake_quantize_per_tensor_affine";
constexpr const char* kChannel = "aten::fake_quantize_per_channel_affine";

bool is_quantiser(const Node* node) { return node && (node->is(kTensor) || node->is(kChannel)); }

/// A layer between its quantisers.
struct Layer {
  Node* node;
  Node *input, *weight, *bias;  // bias: null without one
  Node* relu;                   // null without one
  Node* output;
};

const Node* only_reader(const std::unordered_map<const graph::Value*, std::vector<Node*>>& uses,
                        const graph::Value* value) {
  const auto at = uses.find(value);
  return at != uses.end() && at->second.size() == 1 ? at->second[0] : nullptr;
}

std::optional<Layer> layer_of(const Graph& graph, Node* node) {
  if (!node->is("aten::convolution") && !node->is("aten::linear")) return {};
  const auto uses = graph.uses();
  Layer layer{node,
              node->tensor("input")->producer,
              node->tensor("weight")->producer,
              node->tensor("bias") ? node->tensor("bias")->producer : nullptr,
              nullptr,
              nullptr};
  auto* next = const_cast<Node*>(only_reader(uses, node->output()));
  if (next && next->is("aten::relu")) {
    layer.relu = next;
    next = const_cast<Node*>(only_reader(uses, next->output()));
  }
  layer.output = next;
  const bool whole =
      is_quantiser(layer.input) && layer.input->is(kTensor) && is_quantiser(layer.weight) &&
      is_quantiser(next) && next->is(kTensor) &&
      (!node->tensor("bias") || (layer.bias && layer.bias->is("manyfold::quantise_bias")));
  return whole ? std::optional(layer) : std::nullopt;
}

float scale_of(const Node& quantiser) { return static_cast<float>(quantiser.number("scale")); }

/// [C] or [1].
Tensor weight_scale_of(const Layer& layer) {
  if (layer.weight->is(kChannel)) return layer.weight->tensor("scale")->tensor;
  return at::full({1}, scale_of(*layer.weight), layer.weight->tensor("self")->tensor.options());
}

/// [C] or [1] beside the layer's result.
Tensor beside(const Tensor& each, const Node& layer) {
  return layer.is("aten::convolution") ? each.view({1, -1, 1, 1}) : each;
}

/// Weight in steps, made once.
Tensor weight_steps(const Layer& layer) {
  const auto weight = layer.weight->tensor("self")->tensor;
  auto scale = weight_scale_of(layer);
  std::vector<int64_t> shape(static_cast<size_t>(weight.dim()), 1);
  shape[0] = -1;
  scale = scale.view(shape);
  return (weight * (1 / scale)).round_().clamp_(-127, 127);
}

Operator integer_layer(const Layer& layer) {
  const auto& node = *layer.node;
  const float input_scale = scale_of(*layer.input), output_scale = scale_of(*layer.output);
  const auto weight = weight_steps(layer);
  const auto bias =
      layer.bias
          ? (layer.bias->tensor("bias")->tensor / layer.bias->tensor("scale")->tensor).round_()
          : Tensor();
  const auto multiplier = beside(weight_scale_of(layer) * input_scale / output_scale, node);
  const auto zero = layer.output->integer("zero_point");
  const auto low = static_cast<double>(layer.output->integer("quant_min") - zero);
  const auto high = static_cast<double>(layer.output->integer("quant_max") - zero);
  const bool convolution = node.is("aten::convolution");
  const auto stride = convolution ? node.integers("stride") : std::vector<int64_t>();
  const auto padding = convolution ? node.integers("padding") : std::vector<int64_t>();
  const auto dilation = convolution ? node.integers("dilation") : std::vector<int64_t>();
  const int64_t groups = convolution ? node.integer("groups") : 1;
  const bool relu = layer.relu != nullptr;
  return Operator::custom("manyfold::integer_layer", {"self"}, [=](const auto& in) {
    const auto steps = (in[0].toTensor() / input_scale).round_();
    auto sum = convolution ? at::conv2d(steps, weight, bias, stride, padding, dilation, groups)
                           : at::linear(steps, weight, bias);
    sum = (sum * multiplier).clamp_(relu ? std::max(low, 0.0) : low, high).round_();
    return graph::Tensors{sum * output_scale};
  });
}

/// Fake quantisation that divides, as QuantizeLinear does, where LibTorch's multiplies by 1 /
/// scale. Means of steps often lie half-way between two: `mean` takes the rounding error of float
/// off first, so that they do so here, too.
Operator quantise_by_division(const Node& quantiser, bool mean) {
  const float scale = scale_of(quantiser);
  const auto zero = quantiser.integer("zero_point");
  const auto low = quantiser.integer("quant_min") - zero;
  const auto high = quantiser.integer("quant_max") - zero;
  return Operator::custom("manyfold::quantise", {"self"}, [=](const auto& in) {
    auto steps = in[0].toTensor() / scale;
    if (mean) steps.mul_(4096).round_().div_(4096);
    return graph::Tensors{steps.round_().clamp_(low, high).mul_(scale)};
  });
}

void replace(Graph& graph, Node* node, const Operator& op, graph::Value* input) {
  auto* result = node->output();
  auto* whole = graph.add_node_after(node, op, {input}, node->scope);
  whole->output()->shape = result->shape;
  whole->output()->dtype = result->dtype;
  graph.replace_uses(result, whole->output());
}

}  // namespace

void use_integer_arithmetic(Graph& graph) {
  std::vector<Layer> layers;
  for (const auto& node : graph.nodes()) {
    if (const auto layer = layer_of(graph, node.get())) layers.push_back(*layer);
  }
  for (const auto& layer : layers)
    replace(graph, layer.output, integer_layer(layer), layer.node->tensor("input"));
  graph::remove_dead_code(graph);
  std::vector<Node*> others;
  for (const auto& node : graph.nodes()) {
    if (node->is(kTensor) && !node->tensor("self")->stored()) others.push_back(node.get());
  }
  const auto activations = activations_of(graph);
  for (auto* node : others) {
    const auto* producer = node->tensor("self")->producer;
    const bool mean = producer && role_of(*producer, activations) == Role::averages;
    replace(graph, node, quantise_by_division(*node, mean), node->tensor("self"));
  }
  graph::remove_dead_code(graph);
}

}  // namespace manyfold::quantise
