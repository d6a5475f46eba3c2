#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace manyfold::graph {

/// What one node costs.
struct NodeCost {
  std::string name;   // of the node
  std::string scope;  // of its module
  std::string op;     // "aten::convolution"
  Shape output;
  /// Multiplications that are added up; a FLOP count is twice this. Elementwise work counts none.
  int64_t macs = 0;
  /// Numbers in the parameters that this node is the first to read.
  int64_t parameters = 0;
  /// Numbers read from its inputs and written to its outputs. 0 for what only gives memory another
  /// shape, and for an activation or a BatchNorm that the layer before it can apply while writing.
  int64_t activations = 0;
};

/// The cost of every node, in the order of execution.
struct CostTable {
  std::vector<NodeCost> nodes;
  int64_t macs = 0;
  int64_t parameters = 0;
  int64_t activations = 0;
};

/// Counts, for `batch` samples:
///   convolution             N Ho Wo Co (Ci / g) kh kw
///   transposed convolution  N Hi Wi Ci (Co / g) kh kw
///   linear, matmul          rows * columns * inner size
///   bilinear resize         4 an element of the result
/// Bytes are these numbers times the size of the deployed type.
CostTable count_cost(const Graph& graph, int64_t batch = 1);

}  // namespace manyfold::graph
