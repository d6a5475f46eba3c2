#pragma once
// Small quantised graphs, as a quantiser hands them over.

#include "graph/passes.h"
#include "tests/exporters/export_compare.h"

namespace manyfold::exporters {

using Body = std::function<at::Tensor(const Tensors&)>;

/// An activation in uint8 with `scale`: numbers from -128 to 127 steps, or from 0 to 255.
inline at::Tensor quantised(const at::Tensor& x, double scale = 0.05, int64_t zero_point = 128) {
  return torch::fake_quantize_per_tensor_affine(x, scale, zero_point, 0, 255);
}

/// A weight of numbers in [-1, 1].
inline at::Tensor weight_of(const std::vector<int64_t>& shape) {
  return torch::arange(c10::multiply_integers(shape), torch::kFloat).mul(0.7).sin().view(shape);
}

/// The same with a scale for every channel. 63 steps, so that sums of two products fit 16 bits:
/// processors without VNNI saturate there.
inline at::Tensor quantised_weight(const std::vector<int64_t>& shape) {
  const auto weight = weight_of(shape);
  const auto scale = weight.flatten(1).abs().amax(1) / 63;
  return torch::fake_quantize_per_channel_affine(
      weight, scale, torch::zeros({shape[0]}, torch::kInt), 0, -127, 127);
}

inline at::Tensor bias(int64_t channels) {
  return torch::arange(channels, torch::kFloat).mul(0.3).cos();
}

/// "manyfold::quantise_bias" as the quantiser defines it.
inline graph::Operator quantise_bias() {
  return graph::Operator::custom("manyfold::quantise_bias", {"bias", "scale"}, [](const auto& in) {
    const auto scale = in[1].toTensor();
    return Tensors{(in[0].toTensor() / scale).round() * scale};
  });
}

/// Rounds every bias to steps of its layer's input times its weight.
inline void quantise_biases(graph::Graph& graph) {
  std::vector<graph::Node*> layers;
  for (const auto& node : graph.nodes()) {
    const bool is_layer = node->is("aten::convolution") || node->is("aten::linear");
    if (is_layer && node->has("bias")) layers.push_back(node.get());
  }
  for (auto* layer : layers) {
    const auto* input = layer->tensor("input")->producer;
    const auto* weight = layer->tensor("weight")->producer;
    auto* bias = layer->tensor("bias");
    auto* scale = graph.add_stored(graph::Value::constant, layer->name + ".bias_scale",
                                   weight->tensor("scale")->tensor * input->number("scale"));
    auto* node = graph.add_node(quantise_bias(), {bias, scale}, layer->scope, 1, layer);
    node->output()->shape = bias->shape;
    layer->argument("bias") = node->output();
  }
}

/// `body` on float inputs of these shapes, frozen, with quantised biases.
inline graph::Graph quantised_graph(const Body& body,
                                    const std::vector<std::vector<int64_t>>& shapes) {
  graph::Function module;
  auto graph = graph::trace_function(*module, body, shapes);
  graph::freeze(graph);
  graph::fold_constants(graph);
  quantise_biases(graph);
  return graph;
}

}  // namespace manyfold::exporters
