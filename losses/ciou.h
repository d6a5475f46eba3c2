#pragma once

#include <ATen/core/Tensor.h>

namespace manyfold::losses {

/// Complete IoU of boxes (Zheng et al., arXiv:1911.08287):
///   IoU - rho^2 / c^2 - alpha v,  v = (4 / pi^2) (atan(w_b / h_b) - atan(w_a / h_a))^2,
///   alpha = v / (1 - IoU + v), through which no gradient flows,
/// rho the distance of the centres, c the diagonal of the box round both. Unlike IoU it tells boxes
/// that do not meet how to do so.
///
///   a, b  [..., 4] x1 y1 x2 y2, float32 or float64 (float16 does not hold small areas), with
///         broadcasting. The aspect ratio counts, so both axes must have one unit.
///
/// Returns [...], 1 where both are one box, else less, down to about -1.5.
at::Tensor complete_iou(const at::Tensor& a, const at::Tensor& b);

}  // namespace manyfold::losses
