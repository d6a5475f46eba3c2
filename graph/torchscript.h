#pragma once

#include "graph/trace.h"

namespace manyfold::graph {

/// One run of `forward`, as LibTorch's tracer saw it: every size is fixed, writes in place are
/// still there, nodes have no scopes.
struct Recording {
  Graph graph;
  Tensors outputs;
};

/// Throws UserError for what the tracer or the graph cannot hold.
Recording record(torch::nn::Module& module, const Forward& forward, const NamedTensors& inputs);

}  // namespace manyfold::graph
