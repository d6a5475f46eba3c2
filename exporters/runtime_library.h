#pragma once

#include <onnxruntime_cxx_api.h>

namespace manyfold::exporters {

/// Opens ONNX Runtime once and makes its C++ API usable. Throws UserError, with the way out, when
/// there is none, or when it is older than the headers.
const OrtApiBase& open_runtime();

}  // namespace manyfold::exporters
