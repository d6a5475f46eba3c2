#pragma once

#include <optional>

#include "graph/graph.h"

namespace manyfold::exporters {

/// Freezes and folds a graph traced in evaluation into the form that is written. With `batch`,
/// every size that followed the batch becomes a number.
void prepare_for_export(graph::Graph& graph, std::optional<int64_t> batch);

}  // namespace manyfold::exporters
