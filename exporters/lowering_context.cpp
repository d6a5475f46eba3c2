#include <algorithm>

#include "common/error.h"
#include "exporters/lowering.h"

namespace manyfold::exporters {

int64_t Lowering::axis(const char* argument, size_t rank) const {
  const auto axis = node.integer(argument);
  return axis < 0 ? axis + static_cast<int64_t>(rank) : axis;
}

const at::Tensor* Lowering::stored(const char* argument) const {
  const auto* value = node.tensor(argument);
  return value && value->stored() ? &value->tensor : nullptr;
}

std::string Lowering::operand(const graph::Value* value) {
  auto& name = written_[value];
  if (name.empty()) {
    TORCH_CHECK(value->stored(), node.name, " reads '", value->name, "' before it is written");
    name = builder_.initializer(value->name, value->tensor);
  }
  return name;
}

std::string Lowering::input(const char* argument, c10::ScalarType type) {
  if (std::holds_alternative<c10::IValue>(node.argument(argument))) {
    return number(node.number(argument), type);
  }
  const auto* value = node.tensor(argument);
  if (value->dtype == type) return operand(value);
  if (value->stored()) return builder_.initializer(value->name, value->tensor.to(type));
  return cast(operand(value), type);
}

std::string Lowering::emit(const std::string& op, const Names& inputs,
                           const Attributes& attributes) {
  return emit(op, inputs, attributes, 1)[0];
}

Names Lowering::emit(const std::string& op, const Names& inputs, const Attributes& attributes,
                     size_t outputs) {
  return builder_.node(op, node.scope, inputs, attributes, outputs);
}

std::string Lowering::cast(const std::string& x, c10::ScalarType type) {
  return emit("Cast", {x}, {{"to", int64_t{onnx_element_type(type)}}});
}

std::string Lowering::constant(const std::string& what, const at::Tensor& tensor) {
  return builder_.initializer(node.name + "." + what, tensor);
}

std::string Lowering::number(double value, c10::ScalarType type) {
  return constant("number", at::scalar_tensor(value, at::TensorOptions().dtype(type)));
}

std::string Lowering::integers(const std::string& what, const std::vector<int64_t>& values) {
  return constant(what, at::tensor(values, at::kLong));
}

std::string Lowering::sizes(const graph::Shape& shape) {
  const bool fixed = std::all_of(shape.begin(), shape.end(),
                                 [](const graph::Size& size) { return !size.per_sample; });
  if (fixed) return integers("shape", graph::sizes_at(shape, 0));
  Names parts;
  std::vector<int64_t> run;  // fixed sizes not yet written
  const auto flush = [&] {
    if (!run.empty()) parts.push_back(integers("shape", run));
    run.clear();
  };
  for (const auto& size : shape) {
    if (!size.per_sample) {
      run.push_back(size.fixed);
      continue;
    }
    flush();
    const auto batch = builder_.batch();
    parts.push_back(
        size.per_sample == 1 ? batch : emit("Mul", {batch, integers("rows", {size.per_sample})}));
  }
  flush();
  return parts.size() == 1 ? parts[0] : emit("Concat", parts, {{"axis", int64_t{0}}});
}

std::string Lowering::reshape(const std::string& x, const graph::Shape& from,
                              const graph::Shape& to) {
  if (from == to) return x;
  const auto varies = [](const graph::Size& size) { return size.per_sample > 0; };
  if (std::count_if(to.begin(), to.end(), varies) > 1) return emit("Reshape", {x, sizes(to)});
  // 0 copies the size in that place; -1 is what is left over.
  std::vector<int64_t> target;
  for (size_t d = 0; d < to.size(); ++d) {
    const bool copied = d < from.size() && from[d] == to[d];
    target.push_back(!varies(to[d]) ? to[d].fixed : copied ? 0 : -1);
  }
  return emit("Reshape", {x, integers("shape", target)});
}

std::string Lowering::transpose(const std::string& x, const std::vector<int64_t>& order) {
  return emit("Transpose", {x}, {{"perm", order}});
}

void Lowering::refuse(const std::string& reason) const {
  throw UserError("export: " + node.op.name() + " (" + node.name + ") " + reason);
}

void Lowering::need_opset(int least) const {
  if (opset() >= least) return;
  refuse("needs opset " + std::to_string(least) + " or newer, asked for was " +
         std::to_string(opset()));
}

}  // namespace manyfold::exporters
