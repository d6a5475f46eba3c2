#include "graph/batch_norm.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>

#include "graph/passes.h"
#include "graph/rewrite.h"

namespace manyfold::graph {
namespace {

std::optional<NormalisedLayer> normalised(Node* layer, Node* norm) {
  if (!layer) return {};
  if (layer->is("aten::convolution")) {
    return NormalisedLayer{layer, norm, layer->flag("transposed"), layer->integer("groups")};
  }
  // BatchNorm's channels are axis 1, a linear layer's are the last.
  if (layer->is("aten::linear") && layer->output()->shape.size() == 2) {
    return NormalisedLayer{layer, norm, false, 1};
  }
  return {};
}

bool from_stored_or_absent(const Node& node, const char* name) {
  const auto* value = node.tensor(name);
  return !value || from_stored_only(value);
}

Tensors run_folded_weight(const std::vector<c10::IValue>& in) {
  const auto weight = in[0].toTensor();
  const auto factor = channel_factor(in[1], in[2], in[3].toDouble());
  return {scale_channels(weight.to(at::kDouble), factor, in[4].toBool(), in[5].toInt())
              .to(weight.scalar_type())};
}

Tensors run_folded_bias(const std::vector<c10::IValue>& in) {
  const auto factor = channel_factor(in[1], in[4], in[5].toDouble());
  auto centred = -in[3].toTensor().detach().to(at::kDouble);
  if (!in[0].isNone()) centred = centred + in[0].toTensor().to(at::kDouble);
  auto bias = centred * factor;
  if (!in[2].isNone()) bias = bias + in[2].toTensor().to(at::kDouble);
  return {bias.to(in[6].toScalarType())};
}

}  // namespace

at::Tensor channel_factor(const c10::IValue& gamma, const c10::IValue& running_var, double eps) {
  const auto deviation = at::sqrt(running_var.toTensor().detach().to(at::kDouble) + eps);
  return gamma.isNone() ? at::reciprocal(deviation) : gamma.toTensor().to(at::kDouble) / deviation;
}

at::Tensor scale_channels(const at::Tensor& weight, const at::Tensor& factor, bool transposed,
                          int64_t groups) {
  std::vector<int64_t> sizes(weight.dim(), 1);
  if (!transposed) {
    sizes[0] = -1;
    return weight * factor.view(sizes);
  }
  sizes[0] = weight.size(0);
  sizes[1] = weight.size(1);
  const auto of_groups = factor.view({groups, 1, sizes[1]});
  return weight * of_groups.expand({groups, sizes[0] / groups, sizes[1]}).reshape(sizes);
}

bool has_stored_statistics(const Node& norm) {
  const auto is_stored = [&](const char* name) { return norm.tensor(name)->stored(); };
  return norm.has("running_mean") && is_stored("running_mean") && norm.has("running_var") &&
         is_stored("running_var") && (!norm.has("weight") || is_stored("weight")) &&
         (!norm.has("bias") || is_stored("bias"));
}

std::vector<NormalisedLayer> normalised_layers(const Graph& graph, bool training) {
  std::vector<NormalisedLayer> found;
  for (const auto& node : graph.nodes()) {
    if (!node->is("aten::batch_norm") || node->flag("training") != training) continue;
    const auto* input = node->tensor("input");
    const auto pair = normalised(input->producer, node.get());
    if (pair && has_stored_statistics(*node) && from_stored_or_absent(*pair->layer, "weight") &&
        from_stored_or_absent(*pair->layer, "bias") && read_only_by(graph, input, node.get())) {
      found.push_back(*pair);
    }
  }
  return found;
}

Folded insert_folded(Graph& graph, const Node& position, Value* weight, const Argument& bias,
                     bool transposed, int64_t groups, const Node& norm) {
  static const auto folded_weight = Operator::custom(
      "manyfold::folded_weight", {"weight", "gamma", "running_var", "eps", "transposed", "groups"},
      run_folded_weight);
  static const auto folded_bias = Operator::custom(
      "manyfold::folded_bias",
      {"bias", "gamma", "beta", "running_mean", "running_var", "eps", "dtype"}, run_folded_bias);
  const auto& gamma = norm.argument("weight");
  const auto& variance = norm.argument("running_var");
  const c10::IValue eps = norm.number("eps");
  Folded folded;
  folded.weight =
      insert_before(graph, position, folded_weight,
                    {weight, gamma, variance, eps, c10::IValue(transposed), c10::IValue(groups)},
                    weight->shape, weight->dtype);
  folded.bias = insert_before(graph, position, folded_bias,
                              {bias, gamma, norm.argument("bias"), norm.argument("running_mean"),
                               variance, eps, c10::IValue(weight->dtype)},
                              norm.tensor("running_var")->shape, weight->dtype);
  return folded;
}

void fold_batch_norm(Graph& graph) {
  for (const auto& [layer, norm, transposed, groups] : normalised_layers(graph, false)) {
    const auto folded = insert_folded(graph, *layer, layer->tensor("weight"),
                                      layer->argument("bias"), transposed, groups, *norm);
    layer->argument("weight") = folded.weight;
    layer->argument("bias") = folded.bias;
    graph.replace_uses(norm->output(), layer->output());
  }
  remove_dead_code(graph);
}

}  // namespace manyfold::graph
