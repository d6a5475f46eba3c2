#pragma once

#include <ATen/core/Tensor.h>

namespace manyfold::losses {

/// What a teacher says of its views, without gradient: softmax((logits - centre) / temperature)
/// over the last axis (DINO, arXiv:2104.14294). Taking the centre off keeps one prototype from
/// winning everywhere; a low temperature keeps all of them from winning alike.
///
///   logits       [..., K]
///   centre       [K]
///   temperature  > 0
at::Tensor dino_targets(const at::Tensor& logits, const at::Tensor& centre, double temperature);

/// Cross-entropy between what the teacher says of one view and the student of another view of the
/// same picture:  -sum_k p_k log softmax(student / temperature)_k.
///
///   student      [N, V, K] logits of V views, the teacher's G views first
///   targets      [N, G, K] probabilities, of `dino_targets`
///   temperature  > 0
///
/// Returns a scalar in nats, the mean over pictures and over the G (V - 1) pairs of different
/// views.
at::Tensor dino_loss(const at::Tensor& student, const at::Tensor& targets, double temperature);

/// The centre of the next step:  momentum centre + (1 - momentum) mean of the raw logits.
///
///   centre  [K]
///   logits  [..., K], the teacher's, neither centred nor sharpened
at::Tensor next_centre(const at::Tensor& centre, const at::Tensor& logits, double momentum);

/// Entropy of distributions over the last axis: a scalar in nats in [0, ln K], the mean over all of
/// them.
///
///   probabilities  [..., K]
at::Tensor mean_entropy(const at::Tensor& probabilities);

}  // namespace manyfold::losses
