#include <algorithm>

#include "graph/graph.h"

namespace manyfold::graph {

const Argument& Node::argument(const std::string& wanted) const {
  const auto& names = op.arguments();
  const auto at = std::find(names.begin(), names.end(), wanted);
  TORCH_CHECK(at != names.end(), name, ": ", op.name(), " has no argument '", wanted, "'");
  return arguments.at(at - names.begin());
}

Argument& Node::argument(const std::string& wanted) {
  return const_cast<Argument&>(std::as_const(*this).argument(wanted));
}

bool Node::has(const std::string& wanted) const {
  const auto& names = op.arguments();
  if (std::find(names.begin(), names.end(), wanted) == names.end()) return false;
  const auto* constant = std::get_if<c10::IValue>(&argument(wanted));
  return !constant || !constant->isNone();
}

Value* Node::tensor(const std::string& wanted) const {
  if (!has(wanted)) return nullptr;
  const auto* value = std::get_if<Value*>(&argument(wanted));
  TORCH_CHECK(value, name, ": argument '", wanted, "' is not a tensor");
  return *value;
}

const std::vector<Value*>& Node::tensors(const std::string& wanted) const {
  const auto* list = std::get_if<std::vector<Value*>>(&argument(wanted));
  TORCH_CHECK(list, name, ": argument '", wanted, "' is not a list of tensors");
  return *list;
}

const c10::IValue& Node::constant(const std::string& wanted) const {
  const auto* constant = std::get_if<c10::IValue>(&argument(wanted));
  TORCH_CHECK(constant, name, ": argument '", wanted, "' is not a constant");
  return *constant;
}

std::vector<int64_t> Node::integers(const std::string& wanted) const {
  const auto& value = constant(wanted);
  return value.isInt() ? std::vector<int64_t>{value.toInt()} : value.toIntVector();
}

Shape Node::sizes(const std::string& wanted) const {
  if (const auto* shape = std::get_if<Shape>(&argument(wanted))) return *shape;
  Shape shape;
  for (const auto size : integers(wanted)) shape.push_back({size, 0});
  return shape;
}

std::vector<Value*> Node::inputs() const {
  std::vector<Value*> inputs;
  for (const auto& argument : arguments) {
    if (const auto* value = std::get_if<Value*>(&argument)) inputs.push_back(*value);
    if (const auto* list = std::get_if<std::vector<Value*>>(&argument)) {
      std::copy_if(list->begin(), list->end(), std::back_inserter(inputs),
                   [](const Value* value) { return value != nullptr; });
    }
  }
  return inputs;
}

void Node::replace_input(Value* from, Value* to) {
  for (auto& argument : arguments) {
    if (auto* value = std::get_if<Value*>(&argument)) {
      if (*value == from) *value = to;
    } else if (auto* list = std::get_if<std::vector<Value*>>(&argument)) {
      std::replace(list->begin(), list->end(), from, to);
    }
  }
}

}  // namespace manyfold::graph
