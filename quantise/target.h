#pragma once

#include <string>
#include <vector>

#include "quantise/options.h"

namespace manyfold::quantise {

/// What a runtime or device asks of an int8 model.
struct Target {
  bool zero_points = true;         // activations may have one that is not 0
  bool signed_activations = true;  // int8 activations are taken
  const char* source;              // where that is said
};

/// `onnxruntime`, `tensorrt`, `qnn`.
std::vector<std::string> target_names();
const Target& target_of(const std::string& name);

/// Throws ConfigError when the options ask for what their target refuses, with the way out.
void check_target(const QuantiseOptions& options);

}  // namespace manyfold::quantise
