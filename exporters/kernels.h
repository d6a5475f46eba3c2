#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace manyfold::exporters {

/// How many nodes of each operator ONNX Runtime runs on the CPU, after it has fused and folded what
/// it can: {"QLinearConv": 34, "QLinearAdd": 6, ...}.
/// Throws UserError for a model that it cannot load.
std::map<std::string, int64_t> optimised_kernels(const std::string& model, int threads = 1);

/// The same, for a model whose `layers` (names of the graph's nodes, "encoder.stem/convolution")
/// must run in whole numbers.
/// Throws UserError when the runtime has fewer integer convolutions and matrix products than that,
/// naming those that it runs in float and the way out.
std::map<std::string, int64_t> require_integer_kernels(const std::string& model,
                                                       const std::vector<std::string>& layers,
                                                       int threads = 1);

}  // namespace manyfold::exporters
