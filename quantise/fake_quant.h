#pragma once

#include <ATen/core/Tensor.h>

#include <utility>

#include "quantise/encoding.h"

namespace manyfold::quantise {

/// Fake quantisation of a whole tensor with a straight-through gradient:
///   step = clamp(round(x / scale) + zero_point, low, high), result = scale (step - zero_point)
/// rounding halves to even, before the zero point is added; x / scale is x * (1 / scale) in float.
/// The gradient passes where the step was not clamped. `positive`: a ReLU comes first, in the same
/// pass over memory. Any floating type and layout; float on the CPU is fast.
at::Tensor fake_quantise(const at::Tensor& x, const Encoding& encoding, bool positive = false);

/// The same for a weight with a scale for every channel along `axis` (zero point 0). `scale`: float
/// [channels], or [1] for all; no gradient flows to it.
at::Tensor fake_quantise_weight(const at::Tensor& weight, const at::Tensor& scale, int64_t axis,
                                const Format& format = kWeight);

/// Learned step size (LSQ, arXiv:1902.08153): as above, and `scale` (float, [1], or [channels]
/// along `axis` when that is not negative) learns:
///   d result / d scale = step - zero_point where clamped, else round(x / scale) - x / scale,
/// summed over the elements that share it and divided by sqrt(elements * high).
at::Tensor fake_quantise_learned(const at::Tensor& x, const at::Tensor& scale, int64_t axis,
                                 int64_t zero_point, const Format& format);

/// Smallest and largest value of a floating tensor of any layout, on any device; NaN is passed
/// over. (0, 0) when there is no other.
std::pair<float, float> range_of(const at::Tensor& x);

}  // namespace manyfold::quantise
