#pragma once

#include <ATen/core/Tensor.h>

namespace manyfold::losses {

/// Two views of a picture should say the same, and each number something of its own (Barlow Twins,
/// arXiv:2103.03230). With C = correlation over the batch of every number of `a` with every number
/// of `b`:
///   sum_i (C_ii - 1)^2 + off_diagonal sum_{i != j} C_ij^2
///
///   a, b          [N, D] of one shape, N >= 2: row n of both is of picture n
///   off_diagonal  weight of the second sum, >= 0
///
/// Returns a scalar, 0 at best and about D for unrelated views. A number that is constant over the
/// batch counts as uncorrelated with all.
at::Tensor barlow_twins(const at::Tensor& a, const at::Tensor& b, double off_diagonal);

}  // namespace manyfold::losses
