#include "exporters/export_passes.h"

#include "graph/passes.h"

namespace manyfold::exporters {
namespace {

using graph::Graph;

void fix(graph::Shape& shape, int64_t batch) {
  for (auto& size : shape) size = {size.at(batch), 0};
}

void fix_batch(Graph& graph, int64_t batch) {
  for (const auto& value : graph.values()) fix(value->shape, batch);
  for (const auto& node : graph.nodes()) {
    for (auto& argument : node->arguments) {
      if (const auto* shape = std::get_if<graph::Shape>(&argument)) {
        argument = c10::IValue(graph::sizes_at(*shape, batch));
      }
    }
  }
}

}  // namespace

void prepare_for_export(Graph& graph, std::optional<int64_t> batch) {
  graph::freeze(graph);
  if (batch) fix_batch(graph, *batch);
  graph::simplify_fills(graph);
  graph::fold_constants(graph);  // first, for a BatchNorm whose own tensors are computed
  graph::fold_batch_norm(graph);
  graph::fuse_branches(graph);
  graph::fold_pixel_unshuffle(graph);
  graph::fold_constants(graph);
}

}  // namespace manyfold::exporters
