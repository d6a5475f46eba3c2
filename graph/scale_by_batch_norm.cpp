#include <ATen/ATen.h>

#include "graph/batch_norm.h"
#include "graph/passes.h"
#include "graph/rewrite.h"

namespace manyfold::graph {
namespace {

constexpr double kSmallestFactor = 1e-3;

// BatchNorm's factor, a constant to autograd, kept away from 0 so that it can be divided by.
at::Tensor safe_factor(const c10::IValue& gamma, const c10::IValue& running_var, double eps) {
  const auto factor = channel_factor(gamma, running_var, eps).detach();
  return at::where(factor < 0, factor.clamp_max(-kSmallestFactor),
                   factor.clamp_min(kSmallestFactor));
}

Tensors run_scaled_weight(const std::vector<c10::IValue>& in) {
  const auto weight = in[0].toTensor();
  const auto factor = safe_factor(in[1], in[2], in[3].toDouble());
  return {scale_channels(weight.to(at::kDouble), factor, in[4].toBool(), in[5].toInt())
              .to(weight.scalar_type())};
}

Tensors run_unscaled(const std::vector<c10::IValue>& in) {
  const auto x = in[0].toTensor();
  std::vector<int64_t> sizes(x.dim(), 1);
  sizes[1] = -1;
  const auto type = x.scalar_type();
  const auto y = x / safe_factor(in[2], in[3], in[4].toDouble()).view(sizes).to(type);
  return {in[1].isNone() ? y : y + in[1].toTensor().view(sizes).to(type)};
}

}  // namespace

void scale_by_batch_norm(Graph& graph) {
  static const auto scaled_weight = Operator::custom(
      "manyfold::scaled_weight", {"weight", "gamma", "running_var", "eps", "transposed", "groups"},
      run_scaled_weight);
  static const auto unscaled = Operator::custom(
      "manyfold::unscaled", {"x", "bias", "gamma", "running_var", "eps"}, run_unscaled);
  for (const auto& [layer, norm, transposed, groups] : normalised_layers(graph, true)) {
    auto* weight = layer->tensor("weight");
    const auto& gamma = norm->argument("weight");
    const auto& variance = norm->argument("running_var");
    const c10::IValue eps = norm->number("eps");
    auto* divided = graph.add_node_after(
        layer, unscaled, {layer->output(), layer->argument("bias"), gamma, variance, eps},
        layer->scope);
    divided->output()->shape = layer->output()->shape;
    divided->output()->dtype = layer->output()->dtype;
    norm->argument("input") = divided->output();
    layer->argument("weight") =
        insert_before(graph, *layer, scaled_weight,
                      {weight, gamma, variance, eps, c10::IValue(transposed), c10::IValue(groups)},
                      weight->shape, weight->dtype);
    layer->argument("bias") = c10::IValue();
  }
}

}  // namespace manyfold::graph
