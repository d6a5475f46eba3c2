#pragma once

#include <unordered_set>
#include <vector>

#include "graph/graph.h"

namespace manyfold::quantise {

/// How an operation stands to whole numbers.
enum class Role {
  layer,       // convolution or linear layer: integer kernel with a weight of its own scale
  arithmetic,  // an integer kernel whose result has a scale of its own
  activation,  // ReLU and its bounded kin: one with what precedes it
  moves,       // gives the values it reads: the same scale, no new rounding
  averages,    // the same scale, rounded anew
  floating,    // no integer kernel
};

/// The float tensors that depend on the graph's inputs: the others are weights and what is computed
/// from weights alone.
using Activations = std::unordered_set<const graph::Value*>;
Activations activations_of(const graph::Graph& graph);

/// Those among a node's arguments.
std::vector<graph::Value*> inputs_of(const graph::Node& node, const Activations& activations);

Role role_of(const graph::Node& node, const Activations& activations);

}  // namespace manyfold::quantise
