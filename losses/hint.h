#pragma once

#include <ATen/core/Tensor.h>

namespace manyfold::losses {

/// A hint (FitNets, arXiv:1412.6550): the mean squared difference between a student's map, already
/// brought to the teacher's channels, and the teacher's. The larger map is averaged down to the
/// smaller one's size. No gradient flows to the teacher.
///
///   student, teacher  [N, C, H, W]; H and W may differ between the two
///
/// Returns a scalar.
at::Tensor hint(const at::Tensor& student, const at::Tensor& teacher);

}  // namespace manyfold::losses
