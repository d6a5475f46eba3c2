#include <ATen/ATen.h>

#include <algorithm>

#include "graph/passes.h"
#include "graph/rewrite.h"

namespace manyfold::graph {
namespace {

// [N, C, h r, w r] -> [N, r r C, h, w], channel (i r + j) C + c.
Operator space_to_depth() {
  return Operator::custom("manyfold::space_to_depth", {"x", "block"}, [](const auto& in) {
    const auto x = in[0].toTensor();
    const auto r = in[1].toInt();
    const auto blocks = x.reshape({x.size(0), x.size(1), x.size(2) / r, r, x.size(3) / r, r});
    return Tensors{
        blocks.permute({0, 3, 5, 1, 2, 4}).reshape({x.size(0), -1, x.size(2) / r, x.size(3) / r})};
  });
}

bool is_plain_convolution_of(const Node* node, const Value* input) {
  return node->is("aten::convolution") && !node->flag("transposed") &&
         node->integer("groups") == 1 && node->tensor("input") == input &&
         from_stored_only(node->tensor("weight"));
}

// Input channels from LibTorch's order, c r^2 + q, to q C + c.
void permute_inputs(Graph& graph, Node& convolution, int64_t block) {
  static const auto reshape = Operator::get("aten::reshape");
  static const auto transpose = Operator::get("aten::transpose", "int");
  auto* weight = convolution.tensor("weight");
  const auto& shape = weight->shape;
  const Size pixels = {block * block, 0}, channels = {shape[1].fixed / pixels.fixed, 0};
  const Shape split = {shape[0], channels, pixels, shape[2], shape[3]};
  const Shape turned = {shape[0], pixels, channels, shape[2], shape[3]};
  const auto insert = [&](const Operator& op, std::vector<Argument> arguments, const Shape& to) {
    return insert_before(graph, convolution, op, std::move(arguments), to, weight->dtype);
  };
  auto* value = insert(reshape, {weight, c10::IValue(sizes_at(split, 0))}, split);
  value = insert(transpose, {value, c10::IValue(1), c10::IValue(2)}, turned);
  convolution.argument("weight") = insert(reshape, {value, c10::IValue(sizes_at(shape, 0))}, shape);
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
    auto* moved =
        insert_before(graph, *node, space_to_depth(), {node->tensor("self"), c10::IValue(block)},
                      result->shape, result->dtype);
    graph.replace_uses(result, moved);
    for (auto* reader : readers->second) permute_inputs(graph, *reader, block);
  }
  remove_dead_code(graph);
}

}  // namespace manyfold::graph
