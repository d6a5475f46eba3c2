#pragma once

#include <ATen/core/Tensor.h>

namespace manyfold::losses {

/// Attention transfer (arXiv:1612.03928): both maps become one map each, the mean square over the
/// channels, of length 1 over all positions; the loss is the mean squared difference of these. The
/// larger of the two is averaged down to the smaller one's size. No gradient flows to the teacher.
///
///   student, teacher  [N, C, H, W]; C, H and W may differ between the two
///
/// Returns a scalar, in [0, 2 / (H W)]: weights of 1000 are usual.
at::Tensor transfer_attention(const at::Tensor& student, const at::Tensor& teacher);

}  // namespace manyfold::losses
