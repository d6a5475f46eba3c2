#include "exporters/onnx_writer.h"

#include <unordered_set>

#include "common/error.h"
#include "exporters/export_passes.h"
#include "exporters/lowering.h"
#include "graph/passes.h"

namespace manyfold::exporters {
namespace {

constexpr int kOldestOpset = 11, kNewestOpset = 17;

// An output must be the result of a node and have one name; what is an input, a constant or an
// output already is passed through Identity.
void write_outputs(const graph::Graph& graph, OnnxBuilder& builder, Lowering::Written& written) {
  std::unordered_set<std::string> given;
  for (const auto& [name, value] : graph.outputs()) {
    auto& result = written[value];
    if (result.empty()) result = builder.initializer(value->name, value->tensor);
    if (!builder.is_node_output(result) || given.count(result)) {
      builder.rename(builder.node("Identity", "", {result}, {})[0], name);
    } else {
      builder.rename(result, name);
      for (auto& each : written) {
        if (each.first != value && each.second == result) each.second = name;
      }
      result = name;
    }
    given.insert(name);
    builder.output(name, value->shape, value->dtype);
  }
}

void describe_results(const graph::Graph& graph, OnnxBuilder& builder,
                      const Lowering::Written& written) {
  std::unordered_set<std::string> described;
  for (const auto* input : graph.inputs()) described.insert(input->name);
  for (const auto& output : graph.outputs()) described.insert(output.first);
  for (const auto& node : graph.nodes()) {
    for (const auto* value : node->outputs) {
      const auto at = written.find(value);
      if (at == written.end() || !builder.is_node_output(at->second)) continue;
      if (described.insert(at->second).second) {
        builder.describe(at->second, value->shape, value->dtype);
      }
    }
  }
}

std::map<std::string, std::string> names_of(const Lowering::Written& written) {
  std::map<std::string, std::string> names;
  for (const auto& [value, tensor] : written) {
    if (!tensor.empty()) names[value->name] = tensor;
  }
  return names;
}

}  // namespace

std::string write_onnx(const graph::Graph& original, const OnnxOptions& options,
                       std::map<std::string, std::string>* tensors) {
  if (options.opset < kOldestOpset || options.opset > kNewestOpset) {
    throw UserError("export: opset " + std::to_string(options.opset) + ", must be from " +
                    std::to_string(kOldestOpset) + " to " + std::to_string(kNewestOpset));
  }
  auto graph = original;
  prepare_for_export(graph, options.batch);

  OnnxBuilder builder(options.opset);
  for (const auto& output : graph.outputs()) builder.reserve(output.first);
  Lowering::Written written;
  for (const auto* input : graph.inputs()) {
    builder.input(input->name, input->shape, input->dtype);
    written[input] = input->name;
  }
  lower(graph, builder, written);
  write_outputs(graph, builder, written);
  describe_results(graph, builder, written);
  if (tensors) *tensors = names_of(written);
  const auto model = builder.finish(options.name, options.metadata);
  check_onnx(model);
  return model;
}

}  // namespace manyfold::exporters
