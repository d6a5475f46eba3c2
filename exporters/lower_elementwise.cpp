#include <cmath>

#include "exporters/lowerings.h"

namespace manyfold::exporters {
namespace {

std::string onnx_name(const std::string& op) {
  static const std::map<std::string, std::string> names = {{"abs", "Abs"},
                                                           {"bmm", "MatMul"},
                                                           {"ceil", "Ceil"},
                                                           {"cos", "Cos"},
                                                           {"eq", "Equal"},
                                                           {"exp", "Exp"},
                                                           {"floor", "Floor"},
                                                           {"gt", "Greater"},
                                                           {"log", "Log"},
                                                           {"lt", "Less"},
                                                           {"matmul", "MatMul"},
                                                           {"maximum", "Max"},
                                                           {"minimum", "Min"},
                                                           {"mul", "Mul"},
                                                           {"neg", "Neg"},
                                                           {"pow", "Pow"},
                                                           {"reciprocal", "Reciprocal"},
                                                           {"relu", "Relu"},
                                                           {"round", "Round"},
                                                           {"sigmoid", "Sigmoid"},
                                                           {"sin", "Sin"},
                                                           {"sqrt", "Sqrt"},
                                                           {"tanh", "Tanh"},
                                                           {"logical_and", "And"},
                                                           {"bitwise_and", "And"},
                                                           {"logical_or", "Or"},
                                                           {"bitwise_or", "Or"},
                                                           {"logical_not", "Not"},
                                                           {"bitwise_not", "Not"}};
  return names.at(op.substr(op.find("::") + 2));
}

bool is_one(const c10::IValue& value) { return value.toScalar().toDouble() == 1; }

// other * alpha.
std::string scaled_other(Lowering& x) {
  const auto other = x.input("other", x.type());
  if (is_one(x.node.constant("alpha"))) return other;
  return x.emit("Mul", {other, x.number(x.node.number("alpha"), x.type())});
}

std::string clip(Lowering& x, const std::string& value, double low, double high) {
  return x.emit("Clip", {value, x.number(low, x.type()), x.number(high, x.type())});
}

// Of two operands, one of which may be a number.
c10::ScalarType common_type(const Lowering& x) {
  const auto self = x.node.tensor("self")->dtype;
  if (std::holds_alternative<graph::Value*>(x.node.argument("other"))) {
    return c10::promoteTypes(self, x.node.tensor("other")->dtype);
  }
  const bool fraction = !x.node.constant("other").isInt();
  return fraction && c10::isIntegralType(self, true) ? c10::ScalarType::Float : self;
}

}  // namespace

Names lower_unary(Lowering& x) {
  return {x.emit(onnx_name(x.node.op.name()), {x.input("self", x.type())})};
}

// Two operands of the result's type.
Names lower_pair(Lowering& x) {
  if (x.node.is("aten::pow") && x.node.op.overload() == "Scalar") {
    x.refuse("of a number to the power of a tensor cannot be written; use exp");
  }
  const char* second = x.node.is("aten::bmm")   ? "mat2"
                       : x.node.is("aten::pow") ? "exponent"
                                                : "other";
  return {
      x.emit(onnx_name(x.node.op.name()), {x.input("self", x.type()), x.input(second, x.type())})};
}

Names lower_add(Lowering& x) {
  return {x.emit("Add", {x.input("self", x.type()), scaled_other(x)})};
}
Names lower_sub(Lowering& x) {
  return {x.emit("Sub", {x.input("self", x.type()), scaled_other(x)})};
}

// other - alpha * self
Names lower_rsub(Lowering& x) {
  auto self = x.input("self", x.type());
  if (!is_one(x.node.constant("alpha"))) {
    self = x.emit("Mul", {self, x.number(x.node.number("alpha"), x.type())});
  }
  return {x.emit("Sub", {x.input("other", x.type()), self})};
}

Names lower_div(Lowering& x) {
  const auto quotient = x.emit("Div", {x.input("self", x.type()), x.input("other", x.type())});
  if (!x.node.has("rounding_mode")) return {quotient};
  if (x.node.constant("rounding_mode").toStringRef() != "floor" || !c10::isFloatingType(x.type())) {
    x.refuse("with rounding is written for rounding_mode='floor' of float tensors only");
  }
  return {x.emit("Floor", {quotient})};
}

Names lower_rsqrt(Lowering& x) {
  return {x.emit("Reciprocal", {x.emit("Sqrt", {x.input("self", x.type())})})};
}

Names lower_identity(Lowering& x) {
  return {x.operand(std::get<graph::Value*>(x.node.arguments[0]))};
}

Names lower_to(Lowering& x) { return {x.input("self", x.type())}; }

Names lower_clamp(Lowering& x) {
  const auto& node = x.node;
  const auto bound = [&](const char* a, const char* b) -> std::string {
    for (const auto* name : {a, b}) {
      if (node.has(name)) return x.input(name, x.type());
    }
    return "";
  };
  auto low = node.is("aten::relu6") ? x.number(0, x.type()) : bound("min", "min_val");
  auto high = node.is("aten::relu6") ? x.number(6, x.type()) : bound("max", "max_val");
  const auto self = x.input("self", x.type());
  if (!c10::isFloatingType(x.type())) x.need_opset(12);
  if (node.op.overload().rfind("Tensor", 0) == 0) {  // bounds for each element
    const auto raised = low.empty() ? self : x.emit("Max", {self, low});
    return {high.empty() ? raised : x.emit("Min", {raised, high})};
  }
  Names inputs = {self, low};
  if (!high.empty()) inputs.push_back(high);
  return {x.emit("Clip", inputs)};
}

Names lower_leaky_relu(Lowering& x) {
  return {x.emit("LeakyRelu", {x.input("self")}, {{"alpha", x.node.number("negative_slope")}})};
}

Names lower_elu(Lowering& x) {
  if (!is_one(x.node.constant("scale")) || !is_one(x.node.constant("input_scale"))) {
    x.refuse("with a scale (selu) has no lowering; write it as elu times a number");
  }
  return {x.emit("Elu", {x.input("self")}, {{"alpha", x.node.number("alpha")}})};
}

// The slope stands on axis 1.
Names lower_prelu(Lowering& x) {
  const auto* weight = x.stored("weight");
  if (!weight) x.refuse("needs a slope that is a parameter");
  std::vector<int64_t> shape(x.shape_of("self").size() - 1, 1);
  shape[0] = weight->numel();
  return {x.emit("PRelu", {x.input("self"), x.constant("weight", weight->view(shape))})};
}

Names lower_softplus(Lowering& x) {
  if (!is_one(x.node.constant("beta"))) x.refuse("is written for beta = 1 only");
  return {x.emit("Softplus", {x.input("self")})};
}

Names lower_silu(Lowering& x) {
  const auto self = x.input("self");
  return {x.emit("Mul", {self, x.emit("Sigmoid", {self})})};
}

Names lower_hardsigmoid(Lowering& x) {
  const auto shifted = x.emit("Add", {x.input("self"), x.number(3, x.type())});
  return {x.emit("Div", {clip(x, shifted, 0, 6), x.number(6, x.type())})};
}

// Not as HardSwish, which many converters do not know: x * clip(x + 3, 0, 6) / 6.
Names lower_hardswish(Lowering& x) {
  const auto self = x.input("self");
  const auto gate = clip(x, x.emit("Add", {self, x.number(3, x.type())}), 0, 6);
  return {x.emit("Div", {x.emit("Mul", {self, gate}), x.number(6, x.type())})};
}

// x / 2 * (1 + erf(x / sqrt(2)))
Names lower_gelu(Lowering& x) {
  if (x.node.has("approximate") && x.node.constant("approximate").toStringRef() != "none") {
    x.refuse("by tanh has no lowering; use the exact form");
  }
  const auto self = x.input("self");
  const auto erf = x.emit("Erf", {x.emit("Mul", {self, x.number(std::sqrt(0.5), x.type())})});
  const auto half = x.emit("Mul", {self, x.number(0.5, x.type())});
  return {x.emit("Mul", {half, x.emit("Add", {erf, x.number(1, x.type())})})};
}

// Before opset 13 the operator flattens all axes from `axis` on, so it is given the last one.
Names lower_softmax(Lowering& x) {
  const auto rank = x.shape_of("self").size();
  const auto axis = x.axis("dim", rank), last = static_cast<int64_t>(rank) - 1;
  const auto* op = x.node.is("aten::log_softmax") ? "LogSoftmax" : "Softmax";
  const auto self = x.input("self", x.type());
  if (x.opset() >= 13 || axis == last) return {x.emit(op, {self}, {{"axis", axis}})};
  std::vector<int64_t> swap(rank);
  for (size_t d = 0; d < rank; ++d) swap[d] = d;
  std::swap(swap[axis], swap[last]);
  const auto moved = x.transpose(self, swap);
  return {x.transpose(x.emit(op, {moved}, {{"axis", last}}), swap)};
}

Names lower_comparison(Lowering& x) {
  const auto op = x.node.op.name();
  const auto type = common_type(x);
  const auto compare = [&](const char* name) {
    return x.emit(name, {x.input("self", type), x.input("other", type)});
  };
  if (op == "aten::ne") return {x.emit("Not", {compare("Equal")})};
  if (op == "aten::ge") return {x.emit("Not", {compare("Less")})};
  if (op == "aten::le") return {x.emit("Not", {compare("Greater")})};
  return {x.emit(onnx_name(op), {x.input("self", type), x.input("other", type)})};
}

Names lower_logical(Lowering& x) {
  if (x.type() != c10::ScalarType::Bool) x.refuse("is written for bool tensors only");
  Names inputs = {x.input("self", c10::ScalarType::Bool)};
  if (x.node.op.arguments().size() > 1) inputs.push_back(x.input("other", c10::ScalarType::Bool));
  return {x.emit(onnx_name(x.node.op.name()), inputs)};
}

Names lower_where(Lowering& x) {
  return {x.emit("Where", {x.input("condition", c10::ScalarType::Bool), x.input("self", x.type()),
                           x.input("other", x.type())})};
}

}  // namespace manyfold::exporters
