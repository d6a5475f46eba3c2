#include "quantise/coverage.h"

#include <ATen/ATen.h>

namespace manyfold::quantise {
namespace {

using nlohmann::json;

std::string type_of(const Format& format) { return format.low < 0 ? "int8" : "uint8"; }

json tensor_entry(const TensorPlan& tensor, const Quantisers& quantisers,
                  const std::string& source) {
  json entry = {{"name", tensor.name}};
  if (tensor.kind == TensorPlan::floating) {
    entry["state"] = "float";
    entry["reason"] = tensor.reason;
    return entry;
  }
  const auto encoding = quantisers.of(tensor).encoding();
  const bool shared = tensor.kind == TensorPlan::shared;
  entry["state"] = shared ? "shared" : "quantised";
  entry["type"] = type_of(encoding.format);
  entry["scale"] = encoding.scale;
  entry["zero_point"] = encoding.zero_point;
  entry["min"] = encoding.min();
  entry["max"] = encoding.max();
  if (shared) entry["with"] = tensor.owner;
  entry["reason"] = shared ? tensor.reason : source;
  return entry;
}

/// The scales of each layer's weight as they are exported, by its node.
std::map<std::string, at::Tensor> weight_scales(const QuantisedModel& model,
                                                const graph::Graph& frozen) {
  const auto& quantisers = model.quantisers();
  std::map<std::string, at::Tensor> scales;
  for (const auto& layer : model.plan().layers) {
    const auto* node = frozen.find(layer.node)->producer;  // its result has its name
    const auto input = quantisers.of(*model.plan().find(layer.input)).encoding().scale;
    scales[layer.node] = exported_scale(*node, *quantisers.weights.at(layer.node), input);
  }
  return scales;
}

std::vector<float> numbers(const at::Tensor& tensor) {
  const auto flat = tensor.to(at::kCPU, at::kFloat).contiguous();
  return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

/// Steps counted from 0 at the lowest: what AIMET calls the offset is minus the step of the number
/// 0.
json aimet_encoding(float scale, int64_t offset, bool symmetric) {
  return {{"bitwidth", 8},
          {"dtype", "int"},
          {"is_symmetric", symmetric ? "True" : "False"},
          {"max", scale * static_cast<double>(255 + offset)},
          {"min", scale * static_cast<double>(offset)},
          {"offset", offset},
          {"scale", scale}};
}

}  // namespace

json coverage_of(const QuantisedModel& model, const std::string& source) {
  json tensors = json::array(), weights = json::array();
  std::map<std::string, int64_t> counts = {{"quantised", 0}, {"shared", 0}, {"float", 0}};
  for (const auto& tensor : model.plan().tensors) {
    tensors.push_back(tensor_entry(tensor, model.quantisers(), source));
    ++counts[tensors.back()["state"]];
  }
  const auto scales = weight_scales(model, model.frozen());
  for (const auto& layer : model.plan().layers) {
    weights.push_back({{"layer", layer.node},
                       {"type", "int8"},
                       {"axis", model.quantisers().weights.at(layer.node)->axis()},
                       {"scale", numbers(scales.at(layer.node))}});
  }
  counts["weights"] = static_cast<int64_t>(weights.size());
  return {{"counts", counts}, {"tensors", tensors}, {"weights", weights}};
}

std::string encodings_json(const QuantisedModel& model,
                           const std::map<std::string, std::string>& tensors) {
  json activations = json::object(), parameters = json::object();
  const auto frozen = model.frozen();
  const auto scales = weight_scales(model, frozen);
  for (const auto& tensor : model.plan().tensors) {
    const auto at = tensors.find(tensor.name);
    if (tensor.kind == TensorPlan::floating || at == tensors.end()) continue;
    // The copy of a state for a layer has the state's name there, which stays in float.
    const auto* value = frozen.find(tensor.name);
    if (value && value->producer && value->producer->is("aten::alias")) continue;
    const auto encoding = model.quantisers().of(tensor).encoding();
    const auto offset = encoding.format.low - encoding.zero_point;
    activations[at->second] =
        json::array({aimet_encoding(encoding.scale, offset, encoding.format.symmetric)});
  }
  for (const auto& node : frozen.nodes()) {
    const auto at = scales.find(node->name);
    if (at == scales.end()) continue;
    auto each = json::array();
    for (const auto scale : numbers(at->second)) each.push_back(aimet_encoding(scale, -128, true));
    parameters[tensors.at(node->tensor("weight")->name)] = each;
  }
  const json all = {
      {"version", "0.6.1"}, {"activation_encodings", activations}, {"param_encodings", parameters}};
  return all.dump(2) + "\n";
}

}  // namespace manyfold::quantise
