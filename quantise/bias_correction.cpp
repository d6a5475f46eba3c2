#include "quantise/bias_correction.h"

#include <torch/types.h>

#include <algorithm>

namespace manyfold::quantise {
namespace {

using at::Tensor;
using graph::Node;

const Node* node_of(const graph::Graph& graph, const std::string& name) {
  for (const auto& node : graph.nodes()) {
    if (node->name == name) return node.get();
  }
  return nullptr;
}

/// The parameter that is added to a layer's output channels.
struct Shift {
  Tensor parameter;  // undefined when there is none
  Tensor index;      // which of its elements, one for each channel; undefined: they are the same
};

Shift shift_of(const Node& node) {
  const auto* value = node.tensor("bias");
  Tensor index;
  if (value && value->producer && value->producer->is("aten::index_select")) {  // split_channels
    index = value->producer->tensor("index")->tensor;
    value = value->producer->tensor("self");
  }
  if (value && value->producer && value->producer->is("manyfold::folded_bias"))
    value = value->producer->tensor("beta");
  if (!value || !value->stored()) return {};
  return {value->tensor, index.defined() ? index.to(value->tensor.device()) : index};
}

void subtract(const Shift& shift, const Tensor& error) {
  auto parameter = shift.parameter;
  if (shift.index.defined()) {
    parameter.index_add_(0, shift.index, error, -1);
  } else {
    parameter.sub_(error);
  }
}

/// Mean of each channel over rows and places: [N, C, ...] -> [C].
Tensor channel_mean(const Tensor& x) { return x.transpose(0, 1).flatten(1).mean(1); }

}  // namespace

Tensor expected_error(const Tensor& weight, const Tensor& quantised, const Tensor& mean_input,
                      int64_t groups) {
  const auto error = quantised - weight;
  const auto kernel = error.dim() > 2 ? error.flatten(2).sum(2) : error;  // [out, in / groups]
  const auto out = kernel.size(0), in = kernel.size(1);
  const auto inputs = mean_input.view({groups, 1, in}).expand({groups, out / groups, in});
  return (kernel * inputs.reshape({out, in})).sum(1);
}

void correct_biases(const graph::Graph& graph, const Plan& plan, const Quantisers& quantisers,
                    const std::vector<graph::TensorMap>& batches) {
  const torch::NoGradGuard no_grad;
  std::vector<std::string> inputs;
  for (const auto& layer : plan.layers) inputs.push_back(layer.input);
  const graph::Replay replay(graph);
  std::vector<Tensor> means(inputs.size());
  int64_t rows = 0;
  for (const auto& batch : batches) {
    const auto values = replay.run(batch, inputs);
    const auto here = batch.begin()->second.size(0);
    rows += here;
    for (size_t i = 0; i < values.size(); ++i) {
      const auto mean = channel_mean(values[i]);
      means[i] = means[i].defined() ? means[i] + (mean - means[i]) * (static_cast<double>(here) /
                                                                      static_cast<double>(rows))
                                    : mean;
    }
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto* node = node_of(graph, plan.layers[i].node);
    const auto shift = shift_of(*node);
    if (!shift.parameter.defined()) continue;
    const auto weight = replay.run({}, {plan.layers[i].weight})[0];
    auto& quantiser = *quantisers.weights.at(node->name);
    quantiser.mode = Mode::quantise;
    const int64_t groups = node->is("aten::convolution") ? node->integer("groups") : 1;
    subtract(shift, expected_error(weight, quantiser.forward(weight), means[i], groups));
  }
}

}  // namespace manyfold::quantise
