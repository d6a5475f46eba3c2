#include "exporters/half.h"

#include <c10/util/Half.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <set>
#include <vector>

#include "common/error.h"
#include "exporters/onnx_writer.h"

namespace manyfold::exporters {
namespace {

constexpr auto kFloat = onnx::TensorProto::FLOAT;
constexpr auto kHalf = onnx::TensorProto::FLOAT16;
constexpr float kLargest = 65504;

// Operands that must stay float: all of Resize's but the picture.
std::set<std::string> float_operands(const onnx::GraphProto& graph) {
  std::set<std::string> names;
  for (const auto& node : graph.node()) {
    if (node.op_type() != "Resize") continue;
    for (int i = 1; i < node.input_size(); ++i) names.insert(node.input(i));
  }
  return names;
}

void convert(onnx::TensorProto& tensor, HalfModel& report) {
  std::vector<float> values(tensor.raw_data().size() / sizeof(float));
  std::memcpy(values.data(), tensor.raw_data().data(), tensor.raw_data().size());
  std::vector<c10::Half> halves;
  for (const auto value : values) {
    const auto kept = std::clamp(value, -kLargest, kLargest);
    halves.emplace_back(kept);
    report.clipped += kept != value;
    report.flushed += value != 0 && static_cast<float>(halves.back()) == 0;
  }
  tensor.set_data_type(kHalf);
  tensor.set_raw_data(halves.data(), halves.size() * sizeof(c10::Half));
}

onnx::NodeProto cast(const std::string& from, const std::string& to, int type) {
  onnx::NodeProto node;
  node.set_op_type("Cast");
  node.set_name(to + "/Cast");
  node.add_input(from);
  node.add_output(to);
  auto* attribute = node.add_attribute();
  attribute->set_name("to");
  attribute->set_type(onnx::AttributeProto::INT);
  attribute->set_i(type);
  return node;
}

bool is_float(const onnx::ValueInfoProto& value) {
  return value.type().tensor_type().elem_type() == kFloat;
}

// Float inputs and outputs by the names of their halves inside.
std::map<std::string, std::string> inner_names(const onnx::GraphProto& graph) {
  std::map<std::string, std::string> inner;
  for (const auto& input : graph.input()) {
    if (is_float(input)) inner[input.name()] = input.name() + "/half";
  }
  for (const auto& output : graph.output()) {
    if (is_float(output)) inner[output.name()] = output.name() + "/half";
  }
  return inner;
}

onnx::NodeProto converted(onnx::NodeProto node, const std::map<std::string, std::string>& inner) {
  const auto rename = [&](auto* names) {
    for (auto& name : *names) {
      const auto at = inner.find(name);
      if (at != inner.end()) name = at->second;
    }
  };
  rename(node.mutable_input());
  rename(node.mutable_output());
  if (node.op_type() != "Cast") return node;
  for (auto& attribute : *node.mutable_attribute()) {
    if (attribute.name() == "to" && attribute.i() == kFloat) attribute.set_i(kHalf);
  }
  return node;
}

// Every node on halves; `inner` are cast at the ends of the graph.
void convert_nodes(onnx::GraphProto& graph, const std::map<std::string, std::string>& inner) {
  std::vector<onnx::NodeProto> nodes;
  for (const auto& input : graph.input()) {
    const auto at = inner.find(input.name());
    if (at != inner.end()) nodes.push_back(cast(input.name(), at->second, kHalf));
  }
  for (const auto& node : graph.node()) nodes.push_back(converted(node, inner));
  for (const auto& output : graph.output()) {
    const auto at = inner.find(output.name());
    if (at != inner.end()) nodes.push_back(cast(at->second, output.name(), kFloat));
  }
  graph.clear_node();
  for (auto& node : nodes) *graph.add_node() = std::move(node);
}

void convert_ends(onnx::GraphProto& graph) {
  const auto convert_each = [](auto* values) {
    for (auto& value : *values) {
      if (is_float(value)) value.mutable_type()->mutable_tensor_type()->set_elem_type(kHalf);
    }
  };
  convert_each(graph.mutable_input());
  convert_each(graph.mutable_output());
}

void refuse_quantised(const onnx::GraphProto& graph) {
  for (const auto& node : graph.node()) {
    if (node.op_type() != "DequantizeLinear") continue;
    throw UserError(
        "export: a quantised model cannot be written in half precision; export the float model");
  }
}

}  // namespace

HalfModel to_half(const std::string& bytes, bool half_ends) {
  onnx::ModelProto model;
  if (!model.ParseFromString(bytes)) throw UserError("export: this is not an ONNX model");
  auto& graph = *model.mutable_graph();
  refuse_quantised(graph);
  HalfModel half;
  const auto stays = float_operands(graph);
  for (auto& tensor : *graph.mutable_initializer()) {
    if (tensor.data_type() == kFloat && !stays.count(tensor.name())) convert(tensor, half);
  }
  if (half_ends) {
    convert_ends(graph);
    convert_nodes(graph, {});
  } else {
    convert_nodes(graph, inner_names(graph));
  }
  graph.clear_value_info();
  half.bytes = model.SerializeAsString();
  check_onnx(half.bytes);
  return half;
}

}  // namespace manyfold::exporters
