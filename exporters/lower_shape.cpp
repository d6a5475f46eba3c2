#include <algorithm>
#include <limits>

#include "exporters/lowerings.h"

namespace manyfold::exporters {
namespace {

using Integers = std::vector<int64_t>;

constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();

std::string slice(Lowering& x, const std::string& self, int64_t axis, int64_t start, int64_t end,
                  int64_t step = 1) {
  return x.emit("Slice", {self, x.integers("start", {start}), x.integers("end", {end}),
                          x.integers("axis", {axis}), x.integers("step", {step})});
}

// One row of an axis, which stays with size 1.
std::string row(Lowering& x, const std::string& self, int64_t axis, int64_t index) {
  return slice(x, self, axis, index, index == -1 ? kEnd : index + 1);
}

graph::Shape without(graph::Shape shape, int64_t axis) {
  shape.erase(shape.begin() + axis);
  return shape;
}

graph::Shape with_one(graph::Shape shape, int64_t axis) {
  shape[axis] = {1, 0};
  return shape;
}

// ONNX's word for how the margin is filled. LibTorch has a word, or a number, or means zeros.
std::string pad_mode(Lowering& x) {
  if (!x.node.has("mode")) return "constant";
  static const std::vector<std::string> numbered = {"reflect", "replicate", "circular", "constant"};
  const auto& given = x.node.constant("mode");
  const auto mode = given.isInt() ? numbered.at(given.toInt()) : given.toStringRef();
  if (mode == "replicate") return "edge";
  if (mode != "constant" && mode != "reflect") x.refuse("by '" + mode + "' has no lowering");
  return mode;
}

}  // namespace

Names lower_view(Lowering& x) {
  const auto* self = std::get<graph::Value*>(x.node.arguments[0]);
  return {x.reshape(x.operand(self), self->shape, x.node.output()->shape)};
}

Names lower_permute(Lowering& x) {
  auto order = x.node.integers("dims");
  for (auto& axis : order) axis += axis < 0 ? static_cast<int64_t>(order.size()) : 0;
  return {x.transpose(x.input("self"), order)};
}

Names lower_transpose(Lowering& x) {
  const auto rank = x.shape_of("self").size();
  Integers order(rank);
  for (size_t d = 0; d < rank; ++d) order[d] = d;
  const bool plain = x.node.is("aten::t");
  if (rank > 1) {
    std::swap(order[plain ? 0 : x.axis("dim0", rank)], order[plain ? 1 : x.axis("dim1", rank)]);
  }
  return {x.transpose(x.input("self"), order)};
}

Names lower_cat(Lowering& x) {
  Names inputs;
  for (const auto* value : x.node.tensors("tensors")) {
    const auto name = x.operand(value);
    inputs.push_back(value->dtype == x.type() ? name : x.cast(name, x.type()));
  }
  return {x.emit("Concat", inputs, {{"axis", x.axis("dim", x.node.output()->shape.size())}})};
}

Names lower_stack(Lowering& x) {
  const auto& shape = x.node.output()->shape;
  const auto axis = x.axis("dim", shape.size());
  Names inputs;
  for (const auto* value : x.node.tensors("tensors")) {
    inputs.push_back(x.reshape(x.operand(value), value->shape, with_one(shape, axis)));
  }
  return {x.emit("Concat", inputs, {{"axis", axis}})};
}

Names lower_slice(Lowering& x) {
  const auto axis = x.axis("dim", x.shape_of("self").size());
  const auto start = x.node.has("start") ? x.node.integer("start") : 0;
  const auto end = x.node.has("end") ? x.node.integer("end") : kEnd;
  if (start == 0 && end == kEnd && x.node.integer("step") == 1) return {x.input("self")};
  return {slice(x, x.input("self"), axis, start, end, x.node.integer("step"))};
}

Names lower_select(Lowering& x) {
  const auto& shape = x.shape_of("self");
  const auto axis = x.axis("dim", shape.size());
  const auto one = row(x, x.input("self"), axis, x.node.integer("index"));
  return {x.reshape(one, with_one(shape, axis), without(shape, axis))};
}

// Equal parts as Split; others as slices, which every runtime knows.
Names lower_split(Lowering& x) {
  const auto rank = x.shape_of("self").size();
  const auto axis = x.axis("dim", rank);
  const auto& parts = x.node.outputs;
  const auto self = x.input("self");
  const auto size = parts[0]->shape[axis];
  const bool equal = std::all_of(parts.begin(), parts.end(), [&](const graph::Value* part) {
    return part->shape[axis] == size;
  });
  if (parts.size() == 1) return {self};
  if (equal) return x.emit("Split", {self}, {{"axis", axis}}, parts.size());
  Names results;
  int64_t start = 0;
  for (const auto* part : parts) {
    if (part->shape[axis].per_sample) x.refuse("cuts the batch into unequal parts");
    results.push_back(slice(x, self, axis, start, start + part->shape[axis].fixed));
    start += part->shape[axis].fixed;
  }
  return results;
}

Names lower_unbind(Lowering& x) {
  const auto& shape = x.shape_of("self");
  const auto axis = x.axis("dim", shape.size());
  if (shape[axis].per_sample) x.refuse("takes the batch apart");
  const auto self = x.input("self");
  Names results;
  for (size_t i = 0; i < x.node.outputs.size(); ++i) {
    results.push_back(
        x.reshape(row(x, self, axis, i), with_one(shape, axis), without(shape, axis)));
  }
  return results;
}

Names lower_expand(Lowering& x) {
  const auto& shape = x.node.output()->shape;
  if (x.shape_of("self") == shape) return {x.input("self")};
  return {x.emit("Expand", {x.input("self"), x.sizes(shape)})};
}

Names lower_repeat(Lowering& x) {
  const auto& from = x.shape_of("self");
  const auto repeats = x.node.sizes("repeats");
  graph::Shape padded(repeats.size() - from.size(), {1, 0});
  padded.insert(padded.end(), from.begin(), from.end());
  return {x.emit("Tile", {x.reshape(x.input("self"), from, padded), x.sizes(repeats)})};
}

// Zeros, ones and others, of the result's shape.
Names lower_full(Lowering& x) {
  double value = 0;
  if (x.node.op.name().find("ones") != std::string::npos) value = 1;
  if (x.node.has("fill_value")) value = x.node.number("fill_value");
  const auto one = x.number(value, x.type());
  const auto& shape = x.node.output()->shape;
  return {shape.empty() ? one : x.emit("Expand", {one, x.sizes(shape)})};
}

Names lower_fill(Lowering& x) {
  const auto one = x.input("value", x.type());
  const auto& shape = x.node.output()->shape;
  return {shape.empty() ? one : x.emit("Expand", {one, x.sizes(shape)})};
}

Names lower_index_select(Lowering& x) {
  return {x.emit("Gather", {x.input("self"), x.input("index")},
                 {{"axis", x.axis("dim", x.shape_of("self").size())}})};
}

// One index vector on one axis, or one constant.
Names lower_index(Lowering& x) {
  const auto& indices = x.node.tensors("indices");
  const graph::Value* only = nullptr;
  int64_t axis = 0;
  for (size_t d = 0; d < indices.size(); ++d) {
    if (!indices[d]) continue;
    if (only) x.refuse("by several index tensors has no lowering");
    only = indices[d];
    axis = d;
  }
  if (!only || !c10::isIntegralType(only->dtype, false)) {
    x.refuse("by a mask gives a shape that depends on the data; use where");
  }
  return {x.emit("Gather", {x.input("self"), x.operand(only)}, {{"axis", axis}})};
}

// LibTorch lists the last axis first.
Names lower_pad(Lowering& x) {
  const auto mode = pad_mode(x);
  const auto pad = x.node.integers("pad");
  const auto rank = x.shape_of("self").size();
  Integers pads(2 * rank, 0);
  for (size_t i = 0; i < pad.size() / 2; ++i) {
    pads[rank - 1 - i] = pad[2 * i];
    pads[2 * rank - 1 - i] = pad[2 * i + 1];
  }
  Names inputs = {x.input("self"), x.integers("pads", pads)};
  if (mode == "constant") {
    inputs.push_back(x.number(x.node.has("value") ? x.node.number("value") : 0, x.type()));
  }
  return {x.emit("Pad", inputs, {{"mode", mode}})};
}

}  // namespace manyfold::exporters
