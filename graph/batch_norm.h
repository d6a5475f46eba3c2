#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "graph/graph.h"

namespace manyfold::graph {

/// A layer that is linear in each output channel, and the BatchNorm that alone reads its result.
struct NormalisedLayer {
  Node* layer;  // a convolution, transposed or not, or a linear layer over two axes
  Node* norm;
  bool transposed;
  int64_t groups;
};

/// Those of a graph, in order, whose BatchNorm normalises by the batch (`training`) or by its
/// running statistics. The BatchNorm's own tensors are stored; the layer's may be computed, from
/// stored ones alone.
std::vector<NormalisedLayer> normalised_layers(const Graph& graph, bool training);

/// Whether a BatchNorm has running statistics, and these and its parameters are stored.
bool has_stored_statistics(const Node& norm);

/// The weight and bias that a BatchNorm in evaluation makes of those of a layer.
struct Folded {
  Value* weight;
  Value* bias;
};

/// Adds the nodes that compute them, "manyfold::folded_weight" and "manyfold::folded_bias", before
/// `position` and in its scope. `bias` is a tensor or None.
Folded insert_folded(Graph& graph, const Node& position, Value* weight, const Argument& bias,
                     bool transposed, int64_t groups, const Node& norm);

/// gamma / sqrt(running_var + eps) [C], in double. A gamma of None is 1. Differentiable in gamma.
at::Tensor channel_factor(const c10::IValue& gamma, const c10::IValue& running_var, double eps);

/// Each output channel of `weight` times its factor [C]. The weight is [C, in / groups, ...], or
/// [in, C / groups, ...] when transposed: channel j of group i is then output i * (C / groups) + j.
at::Tensor scale_channels(const at::Tensor& weight, const at::Tensor& factor, bool transposed,
                          int64_t groups);

}  // namespace manyfold::graph
