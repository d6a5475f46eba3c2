#include "quantise/insert.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "graph/passes.h"

namespace manyfold::quantise {
namespace {

using graph::Argument;
using graph::Graph;
using graph::Node;
using graph::Operator;
using graph::Value;

/// The largest float below 2^31.
constexpr double kMostSteps = 2147483520;

Operator activation_operator(std::shared_ptr<ActivationQuantiser> quantiser, bool positive) {
  return Operator::custom("manyfold::fake_quant", {"self"},
                          [quantiser = std::move(quantiser), positive](const auto& in) {
                            return graph::Tensors{quantiser->forward(in[0].toTensor(), positive)};
                          });
}

Operator weight_operator(std::shared_ptr<WeightQuantiser> quantiser) {
  return Operator::custom("manyfold::fake_quant_weight", {"self"},
                          [quantiser = std::move(quantiser)](const auto& in) {
                            return graph::Tensors{quantiser->forward(in[0].toTensor())};
                          });
}

Node* node_named(const Graph& graph, const std::string& name) {
  const auto& nodes = graph.nodes();
  const auto at = std::find_if(nodes.begin(), nodes.end(),
                               [&](const auto& node) { return node->name == name; });
  TORCH_CHECK(at != nodes.end(), "quantise: no node '", name, "' in the graph");
  return at->get();
}

Value* value_named(const Graph& graph, const std::string& name) {
  for (const auto& value : graph.values()) {
    if (value->name == name) return value.get();
  }
  TORCH_CHECK(false, "quantise: no value '", name, "' in the graph");
}

/// Of a layer whose BatchNorm goes on in training: what the quantiser belongs behind. Else `value`.
Value* behind_norm(const Graph& graph, Value* value) {
  const auto uses = graph.uses();
  const auto at = uses.find(value);
  if (at == uses.end() || !at->second[0]->is("manyfold::unscaled")) return value;
  return uses.at(at->second[0]->output())[0]->output();  // which the BatchNorm alone reads
}

/// A node that reads `value` and gives a value of the same shape, just behind where it is computed.
Node* add_behind(Graph& graph, Value* value, const Operator& op, std::vector<Argument> arguments) {
  auto* producer = value->producer;
  const auto& nodes = graph.nodes();
  auto* node = producer ? graph.add_node_after(producer, op, std::move(arguments), producer->scope)
                        : graph.add_node(op, std::move(arguments), "", 1,
                                         nodes.empty() ? nullptr : nodes.front().get());
  node->output()->shape = value->shape;
  node->output()->dtype = value->dtype;
  return node;
}

Value* add_before(Graph& graph, Node* reader, Value* like, const Operator& op,
                  std::vector<Argument> arguments) {
  auto* node = graph.add_node(op, std::move(arguments), reader->scope, 1, reader);
  node->output()->shape = like->shape;
  node->output()->dtype = like->dtype;
  return node->output();
}

void encode(Graph& graph, Value* value, const Encoding& encoding) {
  static const auto op = Operator::get("aten::fake_quantize_per_tensor_affine");
  const auto& format = encoding.format;
  auto* node = add_behind(
      graph, value, op,
      {value, c10::IValue(static_cast<double>(encoding.scale)), c10::IValue(encoding.zero_point),
       c10::IValue(format.low), c10::IValue(format.high)});
  graph.replace_uses(value, node->output(), node);
}

void encode_layer(Graph& graph, const LayerPlan& layer, const WeightQuantiser& quantiser,
                  double input_scale) {
  auto* node = node_named(graph, layer.node);
  auto* weight = node->tensor("weight");
  const auto scale = exported_scale(*node, quantiser, input_scale);
  const auto zero = at::zeros_like(scale, at::kInt);
  const c10::IValue low(kWeight.low), high(kWeight.high);
  if (quantiser.axis() < 0) {
    static const auto op = Operator::get("aten::fake_quantize_per_tensor_affine");
    node->argument("weight") =
        add_before(graph, node, weight, op,
                   {weight, c10::IValue(scale.item<double>()), c10::IValue(int64_t{0}), low, high});
  } else {
    static const auto op = Operator::get("aten::fake_quantize_per_channel_affine");
    auto* scales = graph.add_stored(Value::constant, layer.node + ".weight_scale", scale);
    auto* zeros = graph.add_stored(Value::constant, layer.node + ".weight_zero_point", zero);
    node->argument("weight") = add_before(
        graph, node, weight, op, {weight, scales, zeros, c10::IValue(quantiser.axis()), low, high});
  }
  auto* bias = node->tensor("bias");
  if (!bias) return;
  auto* scales = graph.add_stored(Value::constant, layer.node + ".bias_scale", scale * input_scale);
  node->argument("bias") = add_before(graph, node, bias, quantise_bias(), {bias, scales});
}

}  // namespace

void Quantisers::set_mode(Mode mode) const {
  for (const auto& [name, quantiser] : activations) quantiser->mode = mode;
  for (const auto& [name, quantiser] : weights) quantiser->mode = mode;
}

Operator quantise_bias() {
  return Operator::custom("manyfold::quantise_bias", {"bias", "scale"}, [](const auto& in) {
    const auto scale = in[1].toTensor();
    const auto steps = (in[0].toTensor() / scale).round_().clamp_(-kMostSteps, kMostSteps);
    return graph::Tensors{steps * scale};
  });
}

at::Tensor exported_scale(const Node& layer, const WeightQuantiser& quantiser, double input_scale) {
  const auto scale = quantiser.scale(layer.tensor("weight")->tensor);
  if (!layer.tensor("bias")) return scale;
  auto largest = layer.tensor("bias")->tensor.abs();
  if (quantiser.axis() < 0) largest = largest.max().reshape({1});
  return at::max(scale, largest / (kMostSteps * input_scale));
}

void insert_quantisers(Graph& graph, const Plan& plan, const Quantisers& quantisers) {
  for (const auto& tensor : plan.tensors) {
    if (tensor.kind == TensorPlan::floating || tensor.exact) continue;
    auto* value = behind_norm(graph, value_named(graph, tensor.name));
    auto* read = tensor.positive ? value->producer->tensor("self") : value;
    const auto op = activation_operator(quantisers.activations.at(tensor.owner), tensor.positive);
    auto* node = add_behind(graph, value, op, {read});
    graph.replace_uses(value, node->output(), node);
  }
  for (const auto& layer : plan.layers) {
    auto* node = node_named(graph, layer.node);
    auto* weight = node->tensor("weight");
    node->argument("weight") = add_before(
        graph, node, weight, weight_operator(quantisers.weights.at(layer.node)), {weight});
  }
  graph::remove_dead_code(graph);
}

void insert_encodings(Graph& graph, const Plan& plan, const Quantisers& quantisers,
                      const QuantiseOptions& options) {
  for (const auto& tensor : plan.tensors) {
    if (tensor.kind == TensorPlan::floating) continue;
    auto* value = value_named(graph, tensor.name);
    const auto encoding = quantisers.of(tensor).encoding();
    // ONNX Runtime takes a ReLU into the layer before it only when 0 is the lowest step; else the
    // layer is given steps of its own to end with.
    const bool absorbed = encoding.zero_point == encoding.format.low;
    if (tensor.positive && !absorbed && options.target == "onnxruntime")
      encode(graph, value->producer->tensor("self"), encoding);
    encode(graph, value, encoding);
  }
  for (const auto& layer : plan.layers) {
    const auto* input = plan.find(layer.input);
    encode_layer(graph, layer, *quantisers.weights.at(layer.node),
                 quantisers.of(*input).encoding().scale);
  }
}

}  // namespace manyfold::quantise
