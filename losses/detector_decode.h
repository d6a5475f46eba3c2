#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "losses/detector_options.h"

namespace manyfold::losses {

/// What a detector's outputs say, for all P candidates of a picture: of the first stride
/// (a * Sh + row) * Sw + column, then those of the next. In [0, 1] of the picture, and beyond where
/// an object is cut off.
struct Detections {
  at::Tensor box;         // float [N, P, 4], x1 y1 x2 y2
  at::Tensor confidence;  // float [N, P, C], in [0, 1]
  at::Tensor landmarks;   // float [N, P, K, 2]
};

/// One [N, A * D, Sh, Sw] for each stride -> detections, before any threshold or suppression of
/// doubles.
Detections decode_detections(const std::vector<at::Tensor>& raw, const DetectorOptions& options);

/// The boxes alone.
at::Tensor decode_boxes(const std::vector<at::Tensor>& raw, const DetectorOptions& options);

/// Largest tw and th that are decoded: e^4 = 55 times the anchor, which float16 can still hold.
constexpr double kLargestSize = 4;

}  // namespace manyfold::losses
