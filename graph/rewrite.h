#pragma once
// What several passes need while they edit a graph.

#include "graph/graph.h"

namespace manyfold::graph {

/// Adds a node with one result, of this shape and type, just before `position` and in its scope.
Value* insert_before(Graph& graph, const Node& position, const Operator& op,
                     std::vector<Argument> arguments, Shape shape, c10::ScalarType dtype);

/// Whether `reader` and nothing else reads `value`, which is no output of the graph.
bool read_only_by(const Graph& graph, const Value* value, const Node* reader);

/// Whether `fold_constants` would compute `value` if the graph were frozen: it is stored, or comes
/// from stored tensors alone through nodes that need not stay, such as fake quantisation.
bool from_stored_only(const Value* value);

}  // namespace manyfold::graph
