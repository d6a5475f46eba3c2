#pragma once

#include <ATen/core/Tensor.h>

namespace manyfold::pretrain {

/// How far features of different pictures lie apart: their deviation over the rows once every row
/// has length 1, times sqrt(C), the mean over channels. 1 when they point everywhere, 0 when all
/// point the same way. Features behind a ReLU are never negative and reach about 0.7.
///
///   features  [R, C] or [R, C, 1, 1]
///
/// Returns a scalar without gradient.
at::Tensor feature_spread(const at::Tensor& features);

/// How many of K classes are the likeliest of some row, as a share of how many could be: min(K, R).
///
///   probabilities  [..., K], R rows of K
///
/// Returns a scalar in (0, 1].
at::Tensor used_share(const at::Tensor& probabilities);

}  // namespace manyfold::pretrain
