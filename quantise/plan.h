#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"

namespace manyfold::quantise {

/// What becomes of one float tensor of a graph.
struct TensorPlan {
  enum Kind { quantised, shared, floating };
  std::string name;  // of the value
  Kind kind = floating;
  /// Of `quantised` and `shared`: the tensor whose scale it has; its own name when it is the first.
  std::string owner;
  /// The result of a ReLU that is computed with the quantisation.
  bool positive = false;
  /// The values already lie on the steps: it only moves tensors that are quantised.
  bool exact = false;
  /// Of `floating`: why. Of `shared`: by what.
  std::string reason;
};

/// A convolution or linear layer that is computed in whole numbers.
struct LayerPlan {
  std::string node, scope;
  std::string input;   // the value it reads
  std::string weight;  // argument values
  std::string output;  // the quantised value that it gives, behind its activation
  int64_t channels = 0;
};

/// Which tensors of a graph are quantised, which of them share a scale, and why the others are not.
struct Plan {
  std::vector<TensorPlan> tensors;  // every float result and input, in order of execution
  std::vector<LayerPlan> layers;
  /// Nodes between quantised tensors that no integer kernel computes, and their operators.
  std::vector<std::pair<std::string, std::string>> gaps;
  /// By owner of a scale: the nodes that read or give its tensors in whole numbers. With all of
  /// them in float there is no such scale.
  std::map<std::string, std::vector<std::string>> users;

  const TensorPlan* find(const std::string& name) const;
  /// The names of those that own a scale.
  std::vector<std::string> owners() const;
};

struct PlanOptions {
  /// Patterns of nodes that stay in float; see `matches`.
  std::vector<std::string> keep_float;
  /// Nodes that put tensors with scales of their own together again.
  std::vector<std::string> gatherings;
  /// Nodes of a memory, which stay in float; see `keep_memory_apart`.
  std::vector<std::string> memory;
};

/// Plans the quantisation of a graph in evaluation whose BatchNorm is folded.
///
/// Convolutions, linear layers, sums and products of two activations, sigmoid and leaky ReLU read
/// and give quantised tensors. What moves values (concatenation, pooling, pixel shuffle, enlarging,
/// reshaping) gives them the scale they had; so the parts of a concatenation share one. A ReLU is
/// one with the layer before it. What precedes the first layer (the normalisation of the picture)
/// and what follows the last stays in float, and so does what is remembered.
///
/// Throws ConfigError for a pattern that no node matches.
Plan make_plan(const graph::Graph& graph, const PlanOptions& options = {});

}  // namespace manyfold::quantise
