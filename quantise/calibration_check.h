#pragma once

#include <vector>

#include "graph/replay.h"

namespace manyfold::quantise {

inline constexpr int64_t kFewestPictures = 16;

/// Throws UserError when the calibration inputs cannot tell ranges: fewer than `kFewestPictures`
/// rows, or all values of an input equal (a black picture is one colour).
void check_calibration(const std::vector<graph::TensorMap>& batches, const graph::Graph& graph);

}  // namespace manyfold::quantise
