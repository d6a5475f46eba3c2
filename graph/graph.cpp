#include "graph/graph.h"

#include <algorithm>
#include <unordered_set>

namespace manyfold::graph {
namespace {

void remap(Argument& argument, const std::unordered_map<const Value*, Value*>& copies) {
  if (auto* value = std::get_if<Value*>(&argument)) *value = copies.at(*value);
  if (auto* list = std::get_if<std::vector<Value*>>(&argument)) {
    for (auto& value : *list) value = value ? copies.at(value) : nullptr;
  }
}

// "aten::_convolution" -> "convolution"
std::string short_name(const std::string& op) {
  const auto colon = op.rfind(':');
  auto name = colon == std::string::npos ? op : op.substr(colon + 1);
  name.erase(0, std::min(name.find_first_not_of('_'), name.size()));
  return name;
}

}  // namespace

Graph::Graph(const Graph& other) : taken_(other.taken_) {
  std::unordered_map<const Value*, Value*> values;
  std::unordered_map<const Node*, Node*> nodes{{nullptr, nullptr}};
  for (const auto& value : other.values_) {
    values_.push_back(std::make_unique<Value>(*value));
    values[value.get()] = values_.back().get();
  }
  for (const auto& node : other.nodes_) {
    nodes_.push_back(std::make_unique<Node>(*node));
    nodes[node.get()] = nodes_.back().get();
  }
  for (const auto& node : nodes_) {
    for (auto& argument : node->arguments) remap(argument, values);
    for (auto& output : node->outputs) output = values.at(output);
    node->accompanies = nodes.at(node->accompanies);
  }
  for (const auto& value : values_) value->producer = nodes.at(value->producer);
  for (const auto* input : other.inputs_) inputs_.push_back(values.at(input));
  for (const auto& [name, value] : other.outputs_) outputs_.emplace_back(name, values.at(value));
}

Graph& Graph::operator=(Graph other) {
  nodes_.swap(other.nodes_);
  values_.swap(other.values_);
  inputs_.swap(other.inputs_);
  outputs_.swap(other.outputs_);
  taken_.swap(other.taken_);
  return *this;
}

Value* Graph::stored(const std::string& name) const {
  auto* value = find(name);
  return value && value->stored() ? value : nullptr;
}

Value* Graph::find(const std::string& name) const {
  for (const auto& [output, value] : outputs_) {
    if (output == name) return value;
  }
  for (const auto& value : values_) {
    if (value->name == name) return value.get();
  }
  return nullptr;
}

std::unordered_map<const Value*, std::vector<Node*>> Graph::uses() const {
  std::unordered_map<const Value*, std::vector<Node*>> uses;
  for (const auto& node : nodes_) {
    for (const auto* value : node->inputs()) {
      auto& users = uses[value];
      if (users.empty() || users.back() != node.get()) users.push_back(node.get());
    }
  }
  return uses;
}

Value* Graph::add_input(const std::string& name, Shape shape, c10::ScalarType dtype) {
  values_.push_back(std::make_unique<Value>());
  auto* value = values_.back().get();
  value->name = unique_name(name);
  value->kind = Value::input;
  value->shape = std::move(shape);
  value->dtype = dtype;
  inputs_.push_back(value);
  return value;
}

Value* Graph::add_stored(Value::Kind kind, const std::string& name, const at::Tensor& tensor) {
  values_.push_back(std::make_unique<Value>());
  auto* value = values_.back().get();
  value->name = unique_name(name);
  value->kind = kind;
  for (const auto size : tensor.sizes()) value->shape.push_back({size, 0});
  value->dtype = tensor.scalar_type();
  value->tensor = tensor;
  return value;
}

Node* Graph::add_node(const Operator& op, std::vector<Argument> arguments, const std::string& scope,
                      size_t outputs, const Node* position) {
  TORCH_CHECK(arguments.size() == op.arguments().size(), op.name(), " takes ",
              op.arguments().size(), " arguments, got ", arguments.size());
  auto node = std::make_unique<Node>(Node{"", scope, op, std::move(arguments), {}, nullptr});
  for (size_t i = 0; i < outputs; ++i) {
    values_.push_back(std::make_unique<Value>());
    values_.back()->producer = node.get();
    node->outputs.push_back(values_.back().get());
  }
  name_node(*node);
  auto* added = node.get();
  const auto at = std::find_if(nodes_.begin(), nodes_.end(),
                               [&](const auto& each) { return each.get() == position; });
  nodes_.insert(at, std::move(node));
  return added;
}

Node* Graph::add_node_after(const Node* position, const Operator& op,
                            std::vector<Argument> arguments, const std::string& scope,
                            size_t outputs) {
  const auto at = std::find_if(nodes_.begin(), nodes_.end(),
                               [&](const auto& each) { return each.get() == position; });
  TORCH_CHECK(at != nodes_.end(), "add_node_after: no such node in this graph");
  const auto next = at + 1;
  return add_node(op, std::move(arguments), scope, outputs,
                  next == nodes_.end() ? nullptr : next->get());
}

void Graph::replace_uses(Value* from, Value* to, const Node* except) {
  for (const auto& node : nodes_) {
    if (node.get() != except) node->replace_input(from, to);
  }
  for (auto& [name, value] : outputs_) {
    if (value == from) value = to;
  }
}

void Graph::drop_unused_values() {
  std::unordered_set<const Value*> used(inputs_.begin(), inputs_.end());
  for (const auto& output : outputs_) used.insert(output.second);
  std::unordered_set<const Node*> present;
  for (const auto& node : nodes_) {
    present.insert(node.get());
    for (const auto* value : node->inputs()) used.insert(value);
    used.insert(node->outputs.begin(), node->outputs.end());
  }
  for (const auto& node : nodes_) {
    if (!present.count(node->accompanies)) node->accompanies = nullptr;
  }
  const auto dropped = [&](const auto& value) { return !used.count(value.get()); };
  values_.erase(std::remove_if(values_.begin(), values_.end(), dropped), values_.end());
}

std::string Graph::unique_name(const std::string& wish) {
  if (taken_.emplace(wish, 1).second) return wish;
  for (;;) {
    const auto name = wish + "_" + std::to_string(++taken_[wish]);
    if (taken_.emplace(name, 1).second) return name;
  }
}

void Graph::name_node(Node& node) {
  const auto op = short_name(node.op.name());
  node.name = unique_name(node.scope.empty() ? op : node.scope + "/" + op);
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    node.outputs[i]->name = i ? unique_name(node.name + ":" + std::to_string(i)) : node.name;
  }
}

void Graph::rename() {
  taken_.clear();
  for (const auto& value : values_) {
    if (value->kind != Value::result) taken_.emplace(value->name, 1);
  }
  for (const auto& node : nodes_) name_node(*node);
}

std::vector<int64_t> sizes_at(const Shape& shape, int64_t batch) {
  std::vector<int64_t> sizes;
  for (const auto& size : shape) sizes.push_back(size.at(batch));
  return sizes;
}

c10::Device device_of(const Graph& graph) {
  for (const auto& value : graph.values()) {
    if (value->kind == Value::parameter || value->kind == Value::buffer)
      return value->tensor.device();
  }
  return c10::kCPU;
}

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (const auto& size : shape) {
    if (text.size() > 1) text += ", ";
    if (!size.per_sample) text += std::to_string(size.fixed);
    if (size.per_sample > 1) text += std::to_string(size.per_sample);
    if (size.per_sample) text += "N";
  }
  return text + "]";
}

std::string to_string(const Graph& graph) {
  std::string text;
  for (const auto* input : graph.inputs()) {
    text += "input " + input->name + " " + to_string(input->shape) + "\n";
  }
  for (const auto& node : graph.nodes()) {
    text += node->name + " = " + node->op.name() + "(";
    bool first = true;
    for (const auto* value : node->inputs()) {
      text += (first ? "" : ", ") + value->name;
      first = false;
    }
    text += ") " + to_string(node->output()->shape) + "\n";
  }
  for (const auto& [name, value] : graph.outputs()) {
    text += "output " + name + " = " + value->name + "\n";
  }
  return text;
}

}  // namespace manyfold::graph
