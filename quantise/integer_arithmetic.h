#pragma once

#include "graph/graph.h"

namespace manyfold::quantise {

/// Lets convolutions and linear layers of an encoded graph (see `insert_encodings`) compute as
/// integer kernels do: sums of products of steps, exact in float up to 2^24, times input scale *
/// weight scale / output scale, rounded once. The float form of the same graph multiplies scaled
/// numbers, whose rounding errors make single steps fall the other way and spread from layer to
/// layer. For what is compared with an integer runtime; not differentiable.
///
/// A layer's output (behind its ReLU, where there is one) must be quantised, as in such graphs.
void use_integer_arithmetic(graph::Graph& graph);

}  // namespace manyfold::quantise
