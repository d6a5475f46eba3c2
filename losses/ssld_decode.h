#pragma once

#include <ATen/core/Tensor.h>

#include "losses/ssld_options.h"

namespace manyfold::losses {

/// What a detector's output says, for all P = A * Sh * Sw candidates of a picture: candidate
/// (a * Sh + row) * Sw + column. In [0, 1] of the picture, and beyond where a face is cut off.
struct SsldDetections {
  at::Tensor box;         // float [N, P, 4], x1 y1 x2 y2
  at::Tensor confidence;  // float [N, P], in [0, 1]
  at::Tensor landmarks;   // float [N, P, K, 2]
};

/// raw [N, A * D, Sh, Sw] -> detections, before any threshold or suppression of doubles.
SsldDetections ssld_decode(const at::Tensor& raw, const SsldOptions& options);

/// The boxes alone.
at::Tensor ssld_decode_boxes(const at::Tensor& raw, const SsldOptions& options);

/// [A, 2] on the device of `like`, float32.
at::Tensor ssld_anchors(const SsldOptions& options, const at::Tensor& like);

/// Largest tw and th that are decoded: e^4 = 55 times the anchor, which float16 can still hold.
constexpr double kLargestSsldSize = 4;

}  // namespace manyfold::losses
