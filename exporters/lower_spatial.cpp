#include <algorithm>
#include <cmath>

#include "exporters/lowerings.h"

namespace manyfold::exporters {
namespace {

using Integers = std::vector<int64_t>;

// The axes that a reduction runs over, counted from 0; all when none is named.
Integers reduced_axes(const Lowering& x) {
  const auto rank = static_cast<int64_t>(x.shape_of("self").size());
  Integers axes;
  if (x.node.has("dim")) axes = x.node.integers("dim");
  if (axes.empty()) {
    for (int64_t d = 0; d < rank; ++d) axes.push_back(d);
  }
  for (auto& axis : axes) axis += axis < 0 ? rank : 0;
  std::sort(axes.begin(), axes.end());
  return axes;
}

bool keeps_axes(const Lowering& x) { return x.node.has("keepdim") && x.node.flag("keepdim"); }

// From opset 13 on ReduceSum takes its axes as an operand; the others do so later.
std::string reduce(Lowering& x, const std::string& op, const std::string& self) {
  const auto axes = reduced_axes(x);
  const Attribute keep = {"keepdims", int64_t{keeps_axes(x)}};
  if (op == "ReduceSum" && x.opset() >= 13) {
    return x.emit(op, {self, x.integers("axes", axes)}, {keep});
  }
  return x.emit(op, {self}, {{"axes", axes}, keep});
}

// A scale factor as the module gave it; none when only the size was given.
std::optional<std::pair<double, double>> given_scales(const Lowering& x) {
  if (x.node.has("scales_h") && x.node.has("scales_w")) {
    return std::pair{x.node.number("scales_h"), x.node.number("scales_w")};
  }
  if (x.node.has("scale_factors")) {
    const auto factors = x.node.constant("scale_factors").toDoubleVector();
    return std::pair{factors.at(0), factors.at(1)};
  }
  return {};
}

// Whole factors need no size, so that height and width of the input may change.
std::optional<std::pair<double, double>> scales(const Lowering& x, const graph::Shape& from,
                                                const graph::Shape& to) {
  const auto given = given_scales(x);
  if (given) return given;
  if (to[2].fixed % from[2].fixed || to[3].fixed % from[3].fixed) return {};
  return std::pair<double, double>{to[2].fixed / from[2].fixed, to[3].fixed / from[3].fixed};
}

}  // namespace

// Over height and width as a global pooling, which more devices run than a general mean.
Names lower_mean(Lowering& x) {
  const auto& shape = x.shape_of("self");
  const auto self = x.input("self", x.type());
  if (shape.size() != 4 || reduced_axes(x) != Integers{2, 3}) {
    return {reduce(x, "ReduceMean", self)};
  }
  const auto pooled = x.emit("GlobalAveragePool", {self});
  const graph::Shape kept = {shape[0], shape[1], {1, 0}, {1, 0}};
  return {x.reshape(pooled, kept, x.node.output()->shape)};
}

Names lower_reduction(Lowering& x) {
  const auto* op = x.node.is("aten::sum")    ? "ReduceSum"
                   : x.node.is("aten::amax") ? "ReduceMax"
                                             : "ReduceMin";
  return {reduce(x, op, x.input("self", x.type()))};
}

Names lower_norm(Lowering& x) {
  const char* order = x.node.is("aten::norm") ? "p" : "ord";
  const auto power = x.node.has(order) ? x.node.number(order) : 2;
  if (power != 1 && power != 2) x.refuse("is written for orders 1 and 2 only");
  return {reduce(x, power == 1 ? "ReduceL1" : "ReduceL2", x.input("self", x.type()))};
}

Names lower_argmax(Lowering& x) {
  if (!x.node.has("dim")) x.refuse("over all axes at once has no lowering; name the axis");
  return {x.emit(
      "ArgMax", {x.input("self")},
      {{"axis", x.axis("dim", x.shape_of("self").size())}, {"keepdims", int64_t{keeps_axes(x)}}})};
}

// LibTorch's channel order, c * r^2 + i * r + j, is the mode CRD; the operator's default is not.
Names lower_pixel_shuffle(Lowering& x) {
  return {x.emit("DepthToSpace", {x.input("self")},
                 {{"blocksize", x.node.integer("upscale_factor")}, {"mode", std::string("CRD")}})};
}

// SpaceToDepth has its channels in another order, so: [N, C, h, r, w, r] -> [N, C, r, r, h, w].
Names lower_pixel_unshuffle(Lowering& x) {
  const auto r = x.node.integer("downscale_factor");
  const auto& from = x.shape_of("self");
  const auto& to = x.node.output()->shape;
  const graph::Shape split = {from[0], from[1], to[2], {r, 0}, to[3], {r, 0}};
  const graph::Shape moved = {from[0], from[1], {r, 0}, {r, 0}, to[2], to[3]};
  const auto blocks = x.transpose(x.reshape(x.input("self"), from, split), {0, 1, 3, 5, 2, 4});
  return {x.reshape(blocks, moved, to)};
}

Names lower_space_to_depth(Lowering& x) {
  return {x.emit("SpaceToDepth", {x.input("x")}, {{"blocksize", x.node.integer("block")}})};
}

Names lower_upsample(Lowering& x) {
  const bool nearest = x.node.is("aten::upsample_nearest2d");
  const auto* input = std::get<graph::Value*>(x.node.arguments[0]);
  const auto& from = input->shape;
  const auto& to = x.node.output()->shape;
  const bool corners = !nearest && x.node.flag("align_corners");
  Attributes attributes = {
      {"mode", std::string(nearest ? "nearest" : "linear")},
      {"coordinate_transformation_mode", std::string(nearest   ? "asymmetric"
                                                     : corners ? "align_corners"
                                                               : "half_pixel")}};
  if (nearest) attributes.push_back({"nearest_mode", std::string("floor")});
  const auto self = x.operand(input);
  const auto none = at::empty({0}, at::kFloat);
  const auto roi = x.opset() < 13 ? x.constant("roi", none) : "";
  if (const auto factors = scales(x, from, to)) {
    const auto tensor = at::tensor(
        {1.f, 1.f, static_cast<float>(factors->first), static_cast<float>(factors->second)});
    return {x.emit("Resize", {self, roi, x.constant("scales", tensor)}, attributes)};
  }
  const auto empty = x.opset() < 13 ? x.constant("scales", none) : "";
  return {x.emit("Resize", {self, roi, empty, x.sizes(to)}, attributes)};
}

Names lower_grid_sample(Lowering& x) {
  x.need_opset(16);
  static const char* modes[] = {"bilinear", "nearest", "bicubic"};
  static const char* paddings[] = {"zeros", "border", "reflection"};
  return {x.emit("GridSample", {x.input("input"), x.input("grid")},
                 {{"mode", std::string(modes[x.node.integer("interpolation_mode")])},
                  {"padding_mode", std::string(paddings[x.node.integer("padding_mode")])},
                  {"align_corners", int64_t{x.node.flag("align_corners")}}})};
}

}  // namespace manyfold::exporters
