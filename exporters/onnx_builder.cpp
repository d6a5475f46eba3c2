#include "exporters/onnx_builder.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <set>

#include "common/error.h"

namespace manyfold::exporters {
namespace {

// The newest that the runtimes of the opsets 11 to 17 read.
constexpr int kIrVersion = 8;

onnx::TensorProto::DataType onnx_type(c10::ScalarType type) {
  switch (type) {
    case c10::ScalarType::Float:
      return onnx::TensorProto::FLOAT;
    case c10::ScalarType::Double:
      return onnx::TensorProto::DOUBLE;
    case c10::ScalarType::Half:
      return onnx::TensorProto::FLOAT16;
    case c10::ScalarType::BFloat16:
      return onnx::TensorProto::BFLOAT16;
    case c10::ScalarType::Long:
      return onnx::TensorProto::INT64;
    case c10::ScalarType::Int:
      return onnx::TensorProto::INT32;
    case c10::ScalarType::Short:
      return onnx::TensorProto::INT16;
    case c10::ScalarType::Char:
      return onnx::TensorProto::INT8;
    case c10::ScalarType::Byte:
      return onnx::TensorProto::UINT8;
    case c10::ScalarType::Bool:
      return onnx::TensorProto::BOOL;
    default:
      throw UserError(std::string("export: ONNX has no element type for ") + c10::toString(type));
  }
}

void set(onnx::AttributeProto& proto, const Attribute& attribute) {
  proto.set_name(attribute.first);
  if (const auto* integer = std::get_if<int64_t>(&attribute.second)) {
    proto.set_type(onnx::AttributeProto::INT);
    proto.set_i(*integer);
  } else if (const auto* number = std::get_if<double>(&attribute.second)) {
    proto.set_type(onnx::AttributeProto::FLOAT);
    proto.set_f(static_cast<float>(*number));
  } else if (const auto* text = std::get_if<std::string>(&attribute.second)) {
    proto.set_type(onnx::AttributeProto::STRING);
    proto.set_s(*text);
  } else {
    proto.set_type(onnx::AttributeProto::INTS);
    for (const auto each : std::get<std::vector<int64_t>>(attribute.second)) proto.add_ints(each);
  }
}

void fill(onnx::ValueInfoProto& info, const std::string& name, const graph::Shape& shape,
          c10::ScalarType type, const std::string& rows = "") {
  info.set_name(name);
  auto* tensor = info.mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(onnx_type(type));
  auto* dims = tensor->mutable_shape();
  if (!rows.empty()) dims->add_dim()->set_dim_param(rows);
  for (const auto& size : shape) {
    auto* dim = dims->add_dim();
    if (!size.per_sample) {
      dim->set_dim_value(size.fixed);
    } else if (size.per_sample == 1) {
      dim->set_dim_param("N");
    }
  }
}

}  // namespace

int onnx_element_type(c10::ScalarType type) { return onnx_type(type); }

struct OnnxBuilder::Proto {
  onnx::ModelProto model;
  onnx::GraphProto& graph = *model.mutable_graph();
  std::set<std::string> node_outputs;
};

OnnxBuilder::OnnxBuilder(int opset) : opset_(opset), proto_(std::make_unique<Proto>()) {}
OnnxBuilder::~OnnxBuilder() = default;

void OnnxBuilder::input(const std::string& name, const graph::Shape& shape, c10::ScalarType type) {
  reserve(name);
  fill(*proto_->graph.add_input(), name, shape, type);
  if (!shape.empty() && shape[0].per_sample && !batched_input_) {
    batched_input_ = {name, shape[0]};
  }
}

void OnnxBuilder::output(const std::string& name, const graph::Shape& shape, c10::ScalarType type,
                         const std::string& rows) {
  fill(*proto_->graph.add_output(), name, shape, type, rows);
}

void OnnxBuilder::describe(const std::string& name, const graph::Shape& shape,
                           c10::ScalarType type) {
  fill(*proto_->graph.add_value_info(), name, shape, type);
}

Names OnnxBuilder::node(const std::string& op, const std::string& scope, const Names& inputs,
                        const Attributes& attributes, size_t outputs) {
  auto* node = proto_->graph.add_node();
  node->set_op_type(op);
  node->set_name(unique(scope.empty() ? op : scope + "/" + op));
  for (const auto& input : inputs) node->add_input(input);
  Names names;
  for (size_t i = 0; i < outputs; ++i) {
    names.push_back(i ? unique(node->name() + ":" + std::to_string(i)) : node->name());
    node->add_output(names.back());
    proto_->node_outputs.insert(names.back());
  }
  for (const auto& attribute : attributes) set(*node->add_attribute(), attribute);
  return names;
}

std::string OnnxBuilder::initializer(const std::string& name, const at::Tensor& tensor) {
  const auto plain = tensor.detach().cpu().contiguous();
  auto* proto = proto_->graph.add_initializer();
  proto->set_name(unique(name));
  proto->set_data_type(onnx_type(plain.scalar_type()));
  for (const auto size : plain.sizes()) proto->add_dims(size);
  proto->set_raw_data(plain.data_ptr(), plain.nbytes());
  return proto->name();
}

std::string OnnxBuilder::batch() {
  if (!batch_operand_.empty()) return batch_operand_;
  if (!batched_input_) throw UserError("export: no input has a batch axis to take the size from");
  const auto& [name, size] = *batched_input_;
  const auto number = [&](const char* what, int64_t value) {
    return initializer(std::string("batch/") + what, at::full({1}, value, at::kLong));
  };
  const auto shape = node("Shape", "batch", {name}, {})[0];
  batch_operand_ = node("Slice", "batch", {shape, number("start", 0), number("end", 1)}, {})[0];
  if (size.per_sample != 1) {
    batch_operand_ = node("Div", "batch", {batch_operand_, number("rows", size.per_sample)}, {})[0];
  }
  return batch_operand_;
}

bool OnnxBuilder::is_node_output(const std::string& name) const {
  return proto_->node_outputs.count(name) > 0;
}

void OnnxBuilder::rename(const std::string& from, const std::string& to) {
  const auto replace = [&](auto* names) { std::replace(names->begin(), names->end(), from, to); };
  for (auto& node : *proto_->graph.mutable_node()) {
    replace(node.mutable_input());
    replace(node.mutable_output());
  }
  proto_->node_outputs.erase(from);
  proto_->node_outputs.insert(to);
}

std::string OnnxBuilder::finish(const std::string& graph_name,
                                const std::map<std::string, std::string>& metadata) {
  auto& model = proto_->model;
  model.set_ir_version(kIrVersion);
  model.set_producer_name("manyfold");
  model.set_producer_version(MANYFOLD_VERSION);
  auto* opset = model.add_opset_import();
  opset->set_domain("");
  opset->set_version(opset_);
  proto_->graph.set_name(graph_name);
  for (const auto& [key, value] : metadata) {
    auto* property = model.add_metadata_props();
    property->set_key(key);
    property->set_value(value);
  }
  return model.SerializeAsString();
}

std::string OnnxBuilder::unique(const std::string& wish) {
  if (taken_.emplace(wish, 1).second) return wish;
  for (;;) {
    const auto name = wish + "_" + std::to_string(++taken_[wish]);
    if (taken_.emplace(name, 1).second) return name;
  }
}

}  // namespace manyfold::exporters
