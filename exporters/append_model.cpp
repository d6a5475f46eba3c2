#include "exporters/append_model.h"

#include <c10/util/Exception.h>
#include <onnx/onnx_pb.h>

#include <map>
#include <set>

#include "common/error.h"
#include "exporters/onnx_writer.h"

namespace manyfold::exporters {
namespace {

onnx::ModelProto parse(const std::string& bytes) {
  onnx::ModelProto model;
  if (!model.ParseFromString(bytes)) throw UserError("export: this is not an ONNX model");
  return model;
}

std::set<std::string> tensor_names(const onnx::GraphProto& graph) {
  std::set<std::string> names;
  for (const auto& input : graph.input()) names.insert(input.name());
  for (const auto& stored : graph.initializer()) names.insert(stored.name());
  for (const auto& node : graph.node()) names.insert(node.output().begin(), node.output().end());
  return names;
}

/// What the names of a tail become.
class NewNames {
 public:
  NewNames(const onnx::GraphProto& graph, const onnx::GraphProto& tail, const std::string& prefix)
      : prefix_(prefix) {
    const auto taken = tensor_names(graph);
    for (const auto& input : tail.input()) {
      TORCH_CHECK(taken.count(input.name()), "append_model: no tensor is called '", input.name(),
                  "'");
      names_[input.name()] = input.name();
    }
    for (const auto& output : tail.output()) {
      if (taken.count(output.name())) {
        throw UserError("export: '" + output.name() +
                        "' would be the name of two tensors of the model; rename a task, or "
                        "export without detections in the graph (export.nms=false)");
      }
      names_[output.name()] = output.name();
    }
  }

  std::string operator()(const std::string& name) const {
    const auto at = names_.find(name);
    return at != names_.end() ? at->second : name.empty() ? name : prefix_ + name;
  }

 private:
  std::string prefix_;
  std::map<std::string, std::string> names_;
};

}  // namespace

std::string append_model(const std::string& model, const std::string& tail,
                         const std::string& prefix) {
  auto result = parse(model);
  const auto behind = parse(tail).graph();
  auto& graph = *result.mutable_graph();
  const NewNames renamed(graph, behind, prefix);
  for (const auto& node : behind.node()) {
    auto& copy = *graph.add_node();
    copy = node;
    copy.set_name(prefix + node.name());
    for (auto& name : *copy.mutable_input()) name = renamed(name);
    for (auto& name : *copy.mutable_output()) name = renamed(name);
  }
  for (const auto& stored : behind.initializer()) {
    *graph.add_initializer() = stored;
    graph.mutable_initializer()->rbegin()->set_name(renamed(stored.name()));
  }
  for (const auto& output : behind.output()) *graph.add_output() = output;
  auto bytes = result.SerializeAsString();
  check_onnx(bytes);
  return bytes;
}

}  // namespace manyfold::exporters
