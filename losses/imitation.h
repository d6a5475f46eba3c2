#pragma once

#include <ATen/core/Tensor.h>

#include "losses/ssld_options.h"

namespace manyfold::losses {

/// How far a student's scores are from a teacher's (Hinton et al., arXiv:1503.02531):
///   T^2 KL(softmax(teacher / T) || softmax(student / T)) over axis 1, the mean over all else.
/// One channel is one yes or no: sigmoid in the place of softmax. No gradient flows to the teacher.
///
///   student, teacher  [N, C, ...] logits of one shape
///
/// Returns a scalar in nats, 0 where both agree.
at::Tensor imitate_scores(const at::Tensor& student, const at::Tensor& teacher, double temperature);

/// The same for the raw output of a single-shot detector, [N, A * D, Sh, Sw], see SsldOptions.
/// Boxes and key points count as the teacher is confident of them:
///   sum over cells of  KL(confidence) + c (5 |sigmoid xy|^2 + |wh|^2 + 18 |uv|^2 / K)
/// of the differences, c the teacher's confidence, divided by the sum of c or 1. The weights are
/// those of the options.
at::Tensor imitate_objects(const at::Tensor& student, const at::Tensor& teacher,
                           const SsldOptions& options);

}  // namespace manyfold::losses
