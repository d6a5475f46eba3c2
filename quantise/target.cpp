#include "quantise/target.h"

#include <map>

#include "common/error.h"

namespace manyfold::quantise {
namespace {

/// What a runtime or device asks of an int8 model.
struct Target {
  bool zero_points = true;         // activations may have one that is not 0
  bool signed_activations = true;  // int8 activations are taken
};

const std::map<std::string, Target>& targets() {
  // As said in ONNX Runtime's documentation of quantisation and of its QNN execution provider, and
  // in operators.md of onnx-tensorrt.
  static const std::map<std::string, Target> table = {
      {"onnxruntime", {true, true}},
      {"qnn", {true, false}},
      {"tensorrt", {false, true}},
  };
  return table;
}

}  // namespace

std::vector<std::string> target_names() {
  std::vector<std::string> names;
  for (const auto& [name, target] : targets()) names.push_back(name);
  return names;
}

void check_target(const QuantiseOptions& options) {
  const auto& target = targets().at(options.target);
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
