#pragma once

#include <cstdint>
#include <string>

namespace manyfold::exporters {

/// A model in half precision.
struct HalfModel {
  std::string bytes;
  int64_t clipped = 0;  // weights beyond +-65504, the largest half, set to it
  int64_t flushed = 0;  // weights that are not 0 and became 0 (below 3e-8)
};

/// The same model with weights and computation in FLOAT16. Float inputs and outputs keep their
/// type, by casts, or become FLOAT16 themselves with `half_ends`; what is not float stays as it is.
/// What ONNX wants in float stays so (the scales of Resize). Passes the checker again.
///
/// ONNX Runtime's CPU kernels compute most of it in float: a comparison there shows how the rounded
/// weights differ, not an overflow between layers; see `check_half_range`.
///
/// Throws UserError for a quantised model.
HalfModel to_half(const std::string& model, bool half_ends = false);

}  // namespace manyfold::exporters
