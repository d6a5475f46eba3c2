#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace manyfold::models {

/// Fills a convolution's kernel [out, in / groups, k, k] from N(0, 2 / (k * k * out / groups)),
/// which keeps the variance of gradients through ReLU (He et al., "Delving Deep into Rectifiers",
/// 2015). LibTorch's own kaiming_normal_ does not divide the fan by the groups.
void kaiming_normal_fan_out(const at::Tensor& kernel, int64_t groups = 1);

/// ICNR (Aitken et al., arXiv 1707.02937): fills the kernel [out * r * r, in, k, k] of a
/// convolution that feeds a pixel shuffle by `r`, so that its output starts as the
/// nearest-neighbour enlargement of a plain convolution's, without a checkerboard.
void icnr(const at::Tensor& kernel, int64_t r);

}  // namespace manyfold::models
