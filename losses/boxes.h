#pragma once

#include <ATen/core/Tensor.h>

namespace manyfold::losses {

/// Width and height, and the middle, of boxes [..., 4] (x1 y1 x2 y2) -> [..., 2].
at::Tensor size_of(const at::Tensor& box);
at::Tensor centre_of(const at::Tensor& box);

/// Intersection over union of boxes [..., 4] (x1 y1 x2 y2), element by element with broadcasting ->
/// [...], in [0, 1]; 0 for empty boxes.
at::Tensor box_iou(const at::Tensor& a, const at::Tensor& b);

/// The same of boxes that share a centre, known by their sizes [..., 2] (w h).
at::Tensor shape_iou(const at::Tensor& a, const at::Tensor& b);

}  // namespace manyfold::losses
