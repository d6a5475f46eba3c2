#pragma once

#include "models/blocks/conv_bn_act.h"

namespace manyfold::models {

/// Options for `DepthwiseSeparable`.
struct DepthwiseSeparableOptions {
  DepthwiseSeparableOptions(int64_t in, int64_t out) : in_(in), out_(out) {}
  TORCH_ARG(int64_t, in);
  TORCH_ARG(int64_t, out);
  /// Of the depthwise half; odd.
  TORCH_ARG(int64_t, kernel) = 3;
  TORCH_ARG(int64_t, stride) = 1;
};

/// A depthwise and a 1x1 convolution, each with BatchNorm and ReLU (MobileNet, arXiv 1704.04861).
/// An eighth of a full convolution's arithmetic, but as many bytes: for wide, coarse maps.
/// forward: [N, in, H, W] -> [N, out, ceil(H / stride), ceil(W / stride)]
class DepthwiseSeparableImpl : public torch::nn::Cloneable<DepthwiseSeparableImpl> {
 public:
  explicit DepthwiseSeparableImpl(const DepthwiseSeparableOptions& options);
  void reset() override;
  torch::Tensor forward(const torch::Tensor& x);

 private:
  DepthwiseSeparableOptions options_;
  ConvBnAct depthwise_{nullptr}, pointwise_{nullptr};
};
TORCH_MODULE(DepthwiseSeparable);

}  // namespace manyfold::models
