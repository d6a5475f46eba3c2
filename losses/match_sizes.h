#pragma once

#include <ATen/core/Tensor.h>

#include <utility>

namespace manyfold::losses {

/// Two maps [N, C, H, W], brought to the smaller height and the smaller width of the two by
/// averaging. Throws c10::Error when they have not the same number of rows.
std::pair<at::Tensor, at::Tensor> match_sizes(const at::Tensor& a, const at::Tensor& b);

}  // namespace manyfold::losses
