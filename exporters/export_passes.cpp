#include "exporters/export_passes.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "graph/passes.h"

namespace manyfold::exporters {
namespace {

using graph::Graph;
using graph::Node;

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

// [N, C, h r, w r] -> [N, r r C, h, w], channel (i r + j) C + c.
graph::Operator space_to_depth() {
  return graph::Operator::custom("manyfold::space_to_depth", {"x", "block"}, [](const auto& in) {
    const auto x = in[0].toTensor();
    const auto r = in[1].toInt();
    const auto blocks = x.reshape({x.size(0), x.size(1), x.size(2) / r, r, x.size(3) / r, r});
    return graph::Tensors{
        blocks.permute({0, 3, 5, 1, 2, 4}).reshape({x.size(0), -1, x.size(2) / r, x.size(3) / r})};
  });
}

bool is_plain_convolution_of(const Node* node, const graph::Value* input) {
  return node->is("aten::convolution") && !node->flag("transposed") &&
         node->integer("groups") == 1 && node->tensor("input") == input &&
         node->tensor("weight")->kind == graph::Value::constant;
}

// Input channels from LibTorch's order, c r^2 + q, to q C + c.
void permute_inputs(Graph& graph, Node& convolution, int64_t block) {
  auto* old = convolution.tensor("weight");
  const auto& weight = old->tensor;
  const auto pixels = block * block;
  const auto permuted = weight.view({weight.size(0), -1, pixels, weight.size(2), weight.size(3)})
                            .transpose(1, 2)
                            .reshape(weight.sizes());
  if (graph.uses().at(old).size() == 1) {
    old->tensor = permuted;
  } else {
    convolution.argument("weight") =
        graph.add_stored(graph::Value::constant, convolution.scope + ".weight", permuted);
  }
}

}  // namespace

void fold_pixel_unshuffle(Graph& graph) {
  std::vector<Node*> unshuffles;
  for (const auto& node : graph.nodes()) {
    if (node->is("aten::pixel_unshuffle")) unshuffles.push_back(node.get());
  }
  const auto uses = graph.uses();
  for (auto* node : unshuffles) {
    auto* result = node->output();
    const auto readers = uses.find(result);
    const bool is_output =
        std::any_of(graph.outputs().begin(), graph.outputs().end(),
                    [&](const Graph::Named& output) { return output.second == result; });
    if (is_output || readers == uses.end() ||
        !std::all_of(readers->second.begin(), readers->second.end(),
                     [&](const Node* reader) { return is_plain_convolution_of(reader, result); })) {
      continue;
    }
    const auto block = node->integer("downscale_factor");
    auto* moved = graph.add_node_after(node, space_to_depth(),
                                       {node->tensor("self"), c10::IValue(block)}, node->scope);
    moved->output()->shape = result->shape;
    moved->output()->dtype = result->dtype;
    graph.replace_uses(result, moved->output());
    for (auto* reader : readers->second) permute_inputs(graph, *reader, block);
  }
  graph::remove_dead_code(graph);
}

void prepare_for_export(Graph& graph, std::optional<int64_t> batch) {
  graph::freeze(graph);
  if (batch) fix_batch(graph, *batch);
  graph::simplify_fills(graph);
  graph::fold_constants(graph);
  graph::fold_batch_norm(graph);
  fold_pixel_unshuffle(graph);
}

}  // namespace manyfold::exporters
