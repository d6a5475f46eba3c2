#pragma once

#include <ATen/core/Tensor.h>

namespace manyfold::losses {

/// Relational distillation (arXiv:1904.05068): how the pictures of a batch stand to each other. No
/// gradient flows to the teacher.
///
///   student [N, C], teacher [N, D]: one vector a picture; C and D may differ
///
/// Both are Huber losses (linear from a difference of 1 on), the mean over all pairs or triples of
/// rows, those with a row twice included; 0 when N < 2.

/// Of the distances between rows, divided by their mean over all pairs of different rows.
at::Tensor relate_distances(const at::Tensor& student, const at::Tensor& teacher);

/// Of the cosines of the angles that two rows make as seen from a third.
at::Tensor relate_angles(const at::Tensor& student, const at::Tensor& teacher);

}  // namespace manyfold::losses
