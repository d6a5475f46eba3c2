#pragma once

#include "graph/graph.h"

namespace manyfold::graph {

/// Drops nodes that no output needs. An update of a buffer stays with the node it accompanies.
void remove_dead_code(Graph& graph);

/// Turns parameters and buffers into constants, copied, so that later training leaves this graph as
/// it is. Only for graphs traced in evaluation.
/// Throws UserError for a node in training mode (BatchNorm, dropout), naming its module.
void freeze(Graph& graph);

/// Runs, once and for all, every node whose inputs are all constants; fake quantisation stays, for
/// the exporters to write as such.
void fold_constants(Graph& graph);

/// Folds BatchNorm in evaluation into the convolution, transposed convolution or linear layer
/// before it, computed in double: w' = w * g / sqrt(v + eps), b' = beta + (b - mu) * g / sqrt(v +
/// eps). Of a frozen graph. A BatchNorm whose input has other readers stays, and so does one after
/// a linear layer over more than two axes, which normalises axis 1 and not the layer's channels.
void fold_batch_norm(Graph& graph);

/// Writes an operand that is filled with one number, beside a tensor of its shape, as the number:
/// `1 - y` is recorded as an empty tensor like y, filled with 1, minus y.
void simplify_fills(Graph& graph);

}  // namespace manyfold::graph
