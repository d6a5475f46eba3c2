#include "quantise/split_channels.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "graph/passes.h"

namespace manyfold::quantise {
namespace {

using graph::Graph;
using graph::Node;
using graph::Operator;
using graph::Value;

bool can_be_split(const Graph& graph, const Value* value) {
  const auto* node = value->producer;
  if (!node || !node->is("aten::convolution") || node->flag("transposed")) return false;
  if (node->integer("groups") != 1 || graph.uses().count(value)) return false;
  const auto outputs = std::count_if(graph.outputs().begin(), graph.outputs().end(),
                                     [&](const auto& output) { return output.second == value; });
  return outputs == 1;
}

void describe(Value* value, const Value& like, int64_t axis, int64_t size) {
  value->shape = like.shape;
  value->shape.at(static_cast<size_t>(axis)) = {size, 0};
  value->dtype = like.dtype;
}

/// `value` at the positions `index` of an axis.
Value* select(Graph& graph, Value* value, int64_t axis, Value* index, Node* before) {
  auto* node = graph.add_node(Operator::get("aten::index_select"),
                              {value, c10::IValue(axis), index}, before->scope, 1, before);
  describe(node->output(), *value, axis, index->shape.at(0).fixed);
  return node->output();
}

Value* convolve_part(Graph& graph, Node* whole, const std::string& part,
                     const std::vector<int64_t>& channels) {
  auto* index = graph.add_stored(Value::constant, whole->scope + "." + part + ".channels",
                                 at::tensor(channels, at::kLong));
  auto arguments = whole->arguments;
  auto* node = graph.add_node(whole->op, arguments, whole->scope + "." + part, 1, whole);
  node->argument("weight") = select(graph, whole->tensor("weight"), 0, index, node);
  if (whole->tensor("bias"))
    node->argument("bias") = select(graph, whole->tensor("bias"), 0, index, node);
  describe(node->output(), *whole->output(), 1, static_cast<int64_t>(channels.size()));
  return node->output();
}

/// Where each channel stands among the parts put side by side.
at::Tensor order_of(const ChannelParts& parts, int64_t channels) {
  auto order = at::full({channels}, -1, at::kLong);
  int64_t at = 0;
  for (const auto& [part, members] : parts) {
    for (const auto channel : members) order[channel] = at++;
  }
  TORCH_CHECK(at == channels && order.min().item<int64_t>() == 0, "split_channels: the parts hold ",
              at, " of ", channels, " channels, or one twice");
  return order;
}

}  // namespace

std::vector<std::string> split_channels(Graph& graph, const std::string& output,
                                        const ChannelParts& parts) {
  auto* value = graph.find(output);
  TORCH_CHECK(value, "split_channels: the graph has no output '", output, "'");
  if (parts.size() < 2 || !can_be_split(graph, value)) return {};
  auto* whole = value->producer;
  const auto order = order_of(parts, whole->tensor("weight")->shape.at(0).fixed);

  std::vector<Value*> pieces;
  for (const auto& [part, channels] : parts)
    pieces.push_back(convolve_part(graph, whole, part, channels));
  auto* joined = graph.add_node(Operator::get("aten::cat"), {pieces, c10::IValue(int64_t{1})},
                                whole->scope, 1, whole);
  describe(joined->output(), *value, 1, order.numel());
  auto* index = graph.add_stored(Value::constant, whole->scope + ".channel_order", order);
  auto* ordered = select(graph, joined->output(), 1, index, whole);
  graph.replace_uses(value, ordered);
  graph::remove_dead_code(graph);
  return {joined->name, ordered->producer->name};
}

}  // namespace manyfold::quantise
