#include "quantise/target.h"

#include <map>

#include "common/error.h"

namespace manyfold::quantise {
namespace {

const std::map<std::string, Target>& targets() {
  static const std::map<std::string, Target> table = {
      {"onnxruntime", {true, true, "ONNX Runtime's documentation of quantisation"}},
      {"qnn", {true, false, "ONNX Runtime's documentation of the QNN execution provider"}},
      {"tensorrt", {false, true, "operators.md of onnx-tensorrt"}},
  };
  return table;
}

}  // namespace

std::vector<std::string> target_names() {
  std::vector<std::string> names;
  for (const auto& [name, target] : targets()) names.push_back(name);
  return names;
}

const Target& target_of(const std::string& name) { return targets().at(name); }

void check_target(const QuantiseOptions& options) {
  const auto& target = target_of(options.target);
  const bool is_signed = options.activations == "int8";
  if (!target.zero_points && !is_signed) {
    throw ConfigError(
        "quantise.target = " + options.target +
        " takes no zero points other than 0, which quantise.activations = " + options.activations +
        " gives to every activation; set quantise.activations=int8");
  }
  if (!target.signed_activations && is_signed) {
    throw ConfigError("quantise.target = " + options.target +
                      " takes unsigned activations, found quantise.activations = int8; set "
                      "quantise.activations=uint8");
  }
}

}  // namespace manyfold::quantise
