#pragma once

#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"

namespace manyfold::quantise {

/// A tensor that a model remembers from one frame to the next.
struct StateFacts {
  std::string input, output;  // of the graph: what is returned is the input with the next frame
  double bound = 1;           // on the size of its numbers
};

/// What `keep_memory_apart` found in a graph.
struct Memory {
  std::vector<std::string> nodes;  // that stay in float
  /// What of states, and of what leads to the next ones, is read by layers, and the state's bound.
  std::vector<std::pair<std::string, double>> read;
};

/// Keeps what is remembered out of 8 bits. A state changes by small amounts: rounded in every
/// frame, it would stand still where |z (c - h)| of a GRU is below half a step. So these stay in
/// float:
///   - arithmetic on the way from a state's input to its output (sigmoid, tanh, sums, products);
///   - what reads such a result, up to the next layer, and what is computed for these and has no
///     integer form (a map divided by a number).
/// Convolutions and linear layers remain layers. They, and what only moves values on the way to
/// them, read a copy (aten::alias) of what the arithmetic reads too: it can be rounded by itself.
Memory keep_memory_apart(graph::Graph& graph, const std::vector<StateFacts>& states);

}  // namespace manyfold::quantise
