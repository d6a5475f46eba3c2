#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "common/config/fields.h"

namespace manyfold::pretrain {

/// How a linear probe is trained.
struct LinearProbeOptions {
  int64_t epochs = 100;
  int64_t batch = 256;
  double lr = 0.05;
  int64_t seed = 0;

  void fields(config::Fields& f);
};

/// Classes by a linear classifier that is trained on the features of a bank: how much of the
/// classes lies in the features in a form that one layer can read. Cross-entropy, SGD with momentum
/// 0.9, no weight decay, learning rate by a cosine to 0, weights 0 at first. Features are
/// standardised by the bank's mean and deviation, so one learning rate suits every encoder; what is
/// constant in the bank is left out.
///
///   bank         [M, D] float, M >= 1
///   bank_labels  int64 [M] in [0, classes)
///   queries      [Q, D] float
///
/// Returns int64 [Q]. The same arguments give the same classes; LibTorch's generator is not
/// touched.
at::Tensor linear_probe_predict(const at::Tensor& bank, const at::Tensor& bank_labels,
                                const at::Tensor& queries, int64_t classes,
                                const LinearProbeOptions& options = {});

}  // namespace manyfold::pretrain
