#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace manyfold::pretrain {

/// Classes by weighted vote of the k nearest rows of a bank: how good features are as they stand,
/// with nothing trained. A neighbour at cosine s votes for its class with exp(s / temperature)
/// (Wu et al., arXiv:1805.01978; DINO's eval_knn): at 0.07, one at 0.9 outweighs four at 0.8.
///
///   bank         [M, D] float, M >= 1
///   bank_labels  int64 [M] in [0, classes)
///   queries      [Q, D] float
///   k            neighbours; at most M are there
///   temperature  > 0
///
/// Returns int64 [Q]. Rows need not have length 1. Queries are taken in chunks, so that no more
/// than some 64 MiB of similarities exist at a time.
at::Tensor knn_predict(const at::Tensor& bank, const at::Tensor& bank_labels,
                       const at::Tensor& queries, int64_t classes, int64_t k = 20,
                       double temperature = 0.07);

}  // namespace manyfold::pretrain
