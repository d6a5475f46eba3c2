#pragma once

#include "models/blocks/conv_bn_act.h"

namespace manyfold::models {

/// Options for `SpaceToDepthStem`.
struct SpaceToDepthStemOptions {
  SpaceToDepthStemOptions(int64_t in, int64_t out) : in_(in), out_(out) {}
  TORCH_ARG(int64_t, in);
  TORCH_ARG(int64_t, out);
  /// Side of the squares of pixels that become channels.
  TORCH_ARG(int64_t, block) = 2;
  /// Of the convolution that follows.
  TORCH_ARG(int64_t, stride) = 1;
};

/// Moves squares of pixels into channels (channel c * r * r + i * r + j holds pixel (i, j) of the
/// square), then a 3x3 ConvBnAct: the arithmetic of one convolution with a large kernel and a large
/// stride, in a form that fills the lanes of an accelerator better than 3 channels do.
/// forward: [N, in, H, W] -> [N, out, H / (block * stride), W / (block * stride)]
class SpaceToDepthStemImpl : public torch::nn::Cloneable<SpaceToDepthStemImpl> {
 public:
  explicit SpaceToDepthStemImpl(const SpaceToDepthStemOptions& options);
  void reset() override;
  torch::Tensor forward(const torch::Tensor& x);

 private:
  SpaceToDepthStemOptions options_;
  ConvBnAct body_{nullptr};
};
TORCH_MODULE(SpaceToDepthStem);

}  // namespace manyfold::models
