#pragma once

#include <string>

namespace manyfold::exporters {

/// An ONNX model with another behind it. The inputs of `tail` read the model's outputs of the same
/// names. The model keeps its outputs and gets those of `tail` besides; whatever else `tail` names
/// then begins with `prefix`. Both must have one opset. The result has passed the checker.
///
/// Throws UserError when an output of `tail` has a name that the model uses.
std::string append_model(const std::string& model, const std::string& tail,
                         const std::string& prefix);

}  // namespace manyfold::exporters
