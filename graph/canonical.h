#pragma once

#include "graph/graph.h"

namespace manyfold::graph {

/// Turns writes in place into plain operations ("aten::relu_" into "aten::relu"), so that a node's
/// results are all it does; only updates of buffers stay. Throws UserError where the written memory
/// is read under another name, and for a write that has no plain form.
void functionalise(Graph& graph);

/// Writes what the tracer recorded in the form the module's author meant, with the same results to
/// the last bit: "aten::_convolution" without cuDNN's flags, and the pieces of a linear layer as
/// one.
void canonicalise(Graph& graph);

/// Sets the scope of every node from the names of the parameters it reads, ties updates of buffers
/// to the nodes they accompany, and names nodes and results.
void name_scopes(Graph& graph);

/// Given the same computation recorded with two rows and with three, marks in `two` which sizes
/// follow the batch. Throws UserError for a difference that is no size.
void find_batch(Graph& two, const Graph& three);

}  // namespace manyfold::graph
