#pragma once

#include <string>
#include <vector>

#include "quantise/options.h"

namespace manyfold::quantise {

/// `onnxruntime`, `tensorrt`, `qnn`.
std::vector<std::string> target_names();

/// Throws ConfigError when the options ask for what their target refuses, with the way out.
void check_target(const QuantiseOptions& options);

}  // namespace manyfold::quantise
