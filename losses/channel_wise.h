#pragma once

#include <ATen/core/Tensor.h>

namespace manyfold::losses {

/// Channel-wise distillation (arXiv:2011.13256): where a channel is strong, not how strong it is.
/// With phi the softmax over the H * W positions of one channel, divided by the temperature T:
///   T^2 KL(phi(teacher) || phi(student)), the mean over N and C
/// No gradient flows to the teacher.
///
///   student, teacher  [N, C, H, W] of one shape
///
/// Returns a scalar in nats, 0 where both agree up to a constant for each channel.
at::Tensor imitate_channels(const at::Tensor& student, const at::Tensor& teacher,
                            double temperature);

}  // namespace manyfold::losses
