#include "exporters/lowerings.h"

namespace manyfold::exporters {
namespace {

// uint8 for [0, 255], int8 for a range around 0.
c10::ScalarType quantised_type(Lowering& x) {
  const auto low = x.node.integer("quant_min"), high = x.node.integer("quant_max");
  if (low == 0 && high == 255) return c10::ScalarType::Byte;
  if ((low == -128 || low == -127) && high == 127) return c10::ScalarType::Char;
  x.refuse("to [" + std::to_string(low) + ", " + std::to_string(high) +
           "] has no type in ONNX; use [0, 255], [-128, 127] or [-127, 127]");
}

// A scale or zero point, which is a number or a stored tensor.
at::Tensor parameter(Lowering& x, const char* argument) {
  if (std::holds_alternative<c10::IValue>(x.node.argument(argument))) {
    return at::scalar_tensor(x.node.constant(argument).toScalar());
  }
  const auto* tensor = x.stored(argument);
  if (!tensor) x.refuse(std::string("needs '") + argument + "' to be a number or a buffer");
  return *tensor;
}

void need_scales_on_an_axis(Lowering& x) {
  if (x.opset() >= 13) return;
  x.refuse("has a scale for each channel, which needs opset 13 or newer, asked for was " +
           std::to_string(x.opset()) +
           "; export with export.opset=13, or quantise with quantise.per_channel=false");
}

// A constant is stored quantised; anything else passes through QuantizeLinear.
Names quantise(Lowering& x, at::Tensor scale, at::Tensor zero, std::optional<int64_t> axis) {
  const auto type = quantised_type(x);
  scale = scale.to(at::kFloat);
  std::vector<int64_t> spread(x.shape_of("self").size(), 1);
  if (axis) {
    spread[*axis] = -1;
  } else {
    scale = scale.reshape({});
    zero = zero.reshape({});
  }
  const auto scale_name = x.constant("scale", scale);
  const auto zero_name = x.constant("zero_point", zero.to(type));
  const Attributes on_axis = axis ? Attributes{{"axis", *axis}} : Attributes{};
  const auto low = x.node.integer("quant_min"), high = x.node.integer("quant_max");
  std::string stored;
  if (const auto* constant = x.stored("self")) {
    const auto s = axis ? scale.reshape(spread) : scale;
    const auto z = axis ? zero.reshape(spread) : zero;
    const auto steps = (at::round(*constant * (1 / s)) + z).clamp(low, high);
    stored = x.constant("quantised", steps.to(type));
  } else {
    // QuantizeLinear saturates at -128, and a Clip before it would keep the layer in float.
    if (low == -127) {
      x.refuse(
          "of a tensor that is computed, to [-127, 127], has no form that stays in whole numbers; "
          "use [-128, 127]");
    }
    stored = x.emit("QuantizeLinear", {x.input("self"), scale_name, zero_name}, on_axis);
  }
  return {x.emit("DequantizeLinear", {stored, scale_name, zero_name}, on_axis)};
}

}  // namespace

Names lower_fake_quantize_tensor(Lowering& x) {
  return quantise(x, parameter(x, "scale"), parameter(x, "zero_point"), {});
}

Names lower_fake_quantize_channel(Lowering& x) {
  need_scales_on_an_axis(x);
  return quantise(x, parameter(x, "scale"), parameter(x, "zero_point"), x.node.integer("axis"));
}

// A layer's bias, in steps of its input's scale times its weight's, as integer kernels add it:
// int32.
Names lower_quantise_bias(Lowering& x) {
  const auto* bias = x.stored("bias");
  const auto* stored_scale = x.stored("scale");
  if (!bias || !stored_scale) x.refuse("needs a bias and scales that are stored");
  const bool on_axis = stored_scale->numel() > 1;
  if (on_axis) need_scales_on_an_axis(x);
  const auto scale =
      on_axis ? stored_scale->to(at::kFloat) : stored_scale->to(at::kFloat).reshape({});
  const auto steps = at::round(*bias / scale).to(at::kDouble).clamp(-0x1p31, 0x1p31 - 1);
  const Attributes attributes = on_axis ? Attributes{{"axis", int64_t{0}}} : Attributes{};
  return {x.emit("DequantizeLinear",
                 {x.constant("quantised", steps.to(at::kInt)), x.constant("scale", scale)},
                 attributes)};
}

}  // namespace manyfold::exporters
