#pragma once

#include <ATen/core/Tensor.h>

namespace manyfold::losses {

/// The sum of `each` where `valid`, divided by how many are valid; 0, with a zero gradient, when
/// none is. Both of one shape, `valid` bool. What stands in `each` elsewhere must be finite.
at::Tensor masked_mean(const at::Tensor& each, const at::Tensor& valid);

}  // namespace manyfold::losses
