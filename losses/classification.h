#pragma once

#include <ATen/core/Tensor.h>

namespace manyfold::losses {

/// Cross-entropy over classes with smoothed labels: the target is 1 - smoothing for the labelled
/// class plus smoothing / C for every class (Szegedy et al., arXiv 1512.00567).
///
///   logits     [N, C] float
///   index      [N] int64 in [0, C); negative = this sample has no label
///   smoothing  in [0, 1)
///
/// Returns a scalar in nats, the mean over labelled samples; 0, with a zero gradient, when the
/// batch has none.
at::Tensor class_cross_entropy(const at::Tensor& logits, const at::Tensor& index,
                               double smoothing = 0);

}  // namespace manyfold::losses
