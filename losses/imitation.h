#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "losses/detector_options.h"

namespace manyfold::losses {

/// How far a student's scores are from a teacher's (Hinton et al., arXiv:1503.02531):
///   T^2 KL(softmax(teacher / T) || softmax(student / T)) over axis 1, the mean over all else.
/// One channel is one yes or no: sigmoid in the place of softmax. No gradient flows to the teacher.
///
///   student, teacher  [N, C, ...] logits of one shape
///
/// Returns a scalar in nats, 0 where both agree.
at::Tensor imitate_scores(const at::Tensor& student, const at::Tensor& teacher, double temperature);

/// Below this confidence of the teacher, its boxes and key points are not imitated.
constexpr double kLeastConfidence = 0.05;

/// The same for the raw outputs of a single-shot detector, one [N, A * D, Sh, Sw] for each stride,
/// see DetectorOptions. Boxes and key points count as the teacher is confident of them, and nothing
/// below kLeastConfidence:
///   sum over places of  b KL(confidence) + c (5 |sigmoid xy|^2 + |wh|^2 + 18 |uv|^2 / K)
/// of the differences, divided by the sum of c or 1. c is the teacher's confidence of the class
/// that it is most confident of. The KL is summed over the classes; b goes from background_weight
/// to object_weight with the teacher's confidence of each. The other weights are those of the
/// options: centre_weight, size_weight, landmark_weight, whatever the size_term.
at::Tensor imitate_objects(const std::vector<at::Tensor>& student,
                           const std::vector<at::Tensor>& teacher, const DetectorOptions& options);

/// The outputs of a detector with what `imitate_objects` does not read of a teacher set to 0: boxes
/// and key points below kLeastConfidence. Most of it, so that it compresses well.
std::vector<at::Tensor> essence_of_objects(const std::vector<at::Tensor>& raw,
                                           const DetectorOptions& options);

}  // namespace manyfold::losses
