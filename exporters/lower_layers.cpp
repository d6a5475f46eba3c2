#include "exporters/lowerings.h"

namespace manyfold::exporters {
namespace {

using Integers = std::vector<int64_t>;

// LibTorch lets one number stand for every axis.
Integers each_axis(const Integers& values, size_t axes) {
  return values.size() == 1 ? Integers(axes, values[0]) : values;
}
Integers pair(const Integers& values) { return each_axis(values, 2); }

// ONNX: the beginnings of all axes, then their ends.
Integers twice(const Integers& padding) {
  auto both = padding;
  both.insert(both.end(), padding.begin(), padding.end());
  return both;
}

Integers stride_or_kernel(const Lowering& x, const Integers& kernel) {
  const auto stride = x.node.integers("stride");
  return stride.empty() ? kernel : pair(stride);
}

// A weight or bias of a normalisation; null when the module has none.
const at::Tensor* stored_or_none(const Lowering& x, const char* argument) {
  const auto* tensor = x.stored(argument);
  if (!tensor && x.node.has(argument)) {
    x.refuse(std::string("needs a ") + argument +
             " that is stored; multiply and add a computed one after it");
  }
  return tensor;
}

at::Tensor per_channel(const Lowering& x, const char* argument, int64_t channels,
                       double otherwise) {
  const auto* tensor = stored_or_none(x, argument);
  return tensor ? *tensor : at::full({channels}, otherwise);
}

// (self - mean) / sqrt(variance + eps) over `axes`.
std::string normalise(Lowering& x, const std::string& self, const Integers& axes) {
  const Attributes over = {{"axes", axes}, {"keepdims", int64_t{1}}};
  const auto centred = x.emit("Sub", {self, x.emit("ReduceMean", {self}, over)});
  const auto variance = x.emit("ReduceMean", {x.emit("Mul", {centred, centred})}, over);
  const auto stable = x.emit("Add", {variance, x.number(x.node.number("eps"), x.type())});
  return x.emit("Div", {centred, x.emit("Sqrt", {stable})});
}

std::string scale_and_shift(Lowering& x, std::string y, const Integers& shape) {
  if (const auto* weight = stored_or_none(x, "weight")) {
    y = x.emit("Mul", {y, x.constant("weight", weight->reshape(shape))});
  }
  if (const auto* bias = stored_or_none(x, "bias")) {
    y = x.emit("Add", {y, x.constant("bias", bias->reshape(shape))});
  }
  return y;
}

}  // namespace

Names lower_convolution(Lowering& x) {
  const auto& node = x.node;
  const auto& weight = x.shape_of("weight");
  Integers kernel;
  for (size_t d = 2; d < weight.size(); ++d) kernel.push_back(weight[d].fixed);
  const auto spatial = [&](const char* argument) {
    return each_axis(node.integers(argument), kernel.size());
  };
  Attributes attributes = {{"kernel_shape", kernel},
                           {"strides", spatial("stride")},
                           {"pads", twice(spatial("padding"))},
                           {"dilations", spatial("dilation")},
                           {"group", node.integer("groups")}};
  Names inputs = {x.input("input"), x.input("weight")};
  if (node.has("bias")) inputs.push_back(x.input("bias"));
  if (!node.flag("transposed")) return {x.emit("Conv", inputs, attributes)};
  attributes.push_back({"output_padding", spatial("output_padding")});
  return {x.emit("ConvTranspose", inputs, attributes)};
}

// Gemm where there are two axes, with the weight as the module has it.
Names lower_linear(Lowering& x) {
  const auto* weight = x.stored("weight");
  if (x.shape_of("input").size() == 2) {
    Names inputs = {x.input("input"), x.input("weight")};
    if (x.node.has("bias")) inputs.push_back(x.input("bias"));
    return {x.emit("Gemm", inputs, {{"transB", int64_t{1}}})};
  }
  const auto turned =
      weight ? x.constant("weight", weight->t()) : x.transpose(x.input("weight"), {1, 0});
  const auto product = x.emit("MatMul", {x.input("input"), turned});
  return {x.node.has("bias") ? x.emit("Add", {product, x.input("bias")}) : product};
}

// beta * self + alpha * mat1 @ mat2
Names lower_addmm(Lowering& x) {
  return {x.emit("Gemm", {x.input("mat1"), x.input("mat2"), x.input("self")},
                 {{"alpha", x.node.number("alpha")}, {"beta", x.node.number("beta")}})};
}

Names lower_batch_norm(Lowering& x) {
  const auto channels = x.shape_of("input")[1].fixed;
  return {x.emit("BatchNormalization",
                 {x.input("input"), x.constant("weight", per_channel(x, "weight", channels, 1)),
                  x.constant("bias", per_channel(x, "bias", channels, 0)), x.input("running_mean"),
                  x.input("running_var")},
                 {{"epsilon", x.node.number("eps")}})};
}

Names lower_layer_norm(Lowering& x) {
  const auto normalised = x.node.integers("normalized_shape");
  const auto rank = static_cast<int64_t>(x.shape_of("input").size());
  Integers axes;
  for (auto d = rank - static_cast<int64_t>(normalised.size()); d < rank; ++d) axes.push_back(d);
  return {scale_and_shift(x, normalise(x, x.input("input"), axes), normalised)};
}

Names lower_group_norm(Lowering& x) {
  const auto& shape = x.shape_of("input");
  const auto groups = x.node.integer("num_groups");
  int64_t rest = shape[1].fixed / groups;
  for (size_t d = 2; d < shape.size(); ++d) rest *= shape[d].fixed;
  const graph::Shape grouped = {shape[0], {groups, 0}, {rest, 0}};
  const auto normalised = normalise(x, x.reshape(x.input("input"), shape, grouped), {2});
  Integers channels(shape.size() - 1, 1);
  channels[0] = shape[1].fixed;
  return {scale_and_shift(x, x.reshape(normalised, grouped, shape), channels)};
}

Names lower_max_pool(Lowering& x) {
  const auto kernel = pair(x.node.integers("kernel_size"));
  return {x.emit("MaxPool", {x.input("self")},
                 {{"kernel_shape", kernel},
                  {"strides", stride_or_kernel(x, kernel)},
                  {"pads", twice(pair(x.node.integers("padding")))},
                  {"dilations", pair(x.node.integers("dilation"))},
                  {"ceil_mode", int64_t{x.node.flag("ceil_mode")}}})};
}

// Zeros that count are padded by a node of their own: some runtimes leave them out of the mean.
Names lower_avg_pool(Lowering& x) {
  if (x.node.has("divisor_override")) x.refuse("with divisor_override has no lowering");
  const auto kernel = pair(x.node.integers("kernel_size"));
  const auto padding = pair(x.node.integers("padding"));
  const bool ceil = x.node.flag("ceil_mode"), counted = x.node.flag("count_include_pad");
  const bool padded = padding[0] || padding[1];
  if (ceil && padded) x.refuse("with padding and ceil_mode has no lowering; pad explicitly");
  auto self = x.input("self");
  if (padded && counted) {
    const auto pads =
        x.integers("pads", {0, 0, padding[0], padding[1], 0, 0, padding[0], padding[1]});
    self = x.emit("Pad", {self, pads, x.number(0, x.type())});
  }
  return {x.emit("AveragePool", {self},
                 {{"kernel_shape", kernel},
                  {"strides", stride_or_kernel(x, kernel)},
                  {"pads", twice(counted ? Integers{0, 0} : padding)},
                  {"ceil_mode", int64_t{ceil}},
                  {"count_include_pad", int64_t{0}}})};
}

Names lower_adaptive_avg_pool(Lowering& x) {
  const auto& shape = x.shape_of("self");
  const auto size = pair(x.node.integers("output_size"));
  if (size == Integers{1, 1}) return {x.emit("GlobalAveragePool", {x.input("self")})};
  const Integers input = {shape.at(2).fixed, shape.at(3).fixed};
  if (input[0] % size[0] || input[1] % size[1]) {
    x.refuse("from " + std::to_string(input[0]) + " x " + std::to_string(input[1]) + " to " +
             std::to_string(size[0]) + " x " + std::to_string(size[1]) +
             " has windows of unequal size; use sizes that divide");
  }
  const Integers window = {input[0] / size[0], input[1] / size[1]};
  return {
      x.emit("AveragePool", {x.input("self")}, {{"kernel_shape", window}, {"strides", window}})};
}

}  // namespace manyfold::exporters
