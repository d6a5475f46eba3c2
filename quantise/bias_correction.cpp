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

/// The parameter that is added to each output channel; undefined when there is none.
Tensor shift_of(const Node& node) {
  const auto* value = node.tensor("bias");
  if (value && value->producer && value->producer->is("manyfold::folded_bias"))
    value = value->producer->tensor("beta");
  return value && value->stored() ? value->tensor : Tensor();
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
  for (const auto& batch : batches) {
    const auto values = replay.run(batch, inputs);
    for (size_t i = 0; i < values.size(); ++i) {
      const auto mean = channel_mean(values[i]) / static_cast<double>(batches.size());
      means[i] = means[i].defined() ? means[i] + mean : mean;
    }
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto* node = node_of(graph, plan.layers[i].node);
    auto shift = shift_of(*node);
    if (!shift.defined()) continue;
    const auto weight = replay.run({}, {plan.layers[i].weight})[0];
    auto& quantiser = *quantisers.weights.at(node->name);
    quantiser.mode = Mode::quantise;
    const int64_t groups = node->is("aten::convolution") ? node->integer("groups") : 1;
    shift.sub_(expected_error(weight, quantiser.forward(weight), means[i], groups));
  }
}

}  // namespace manyfold::quantise
