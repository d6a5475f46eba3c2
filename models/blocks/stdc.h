#pragma once

#include <vector>

#include "models/blocks/conv_bn_act.h"

namespace manyfold::models {

/// Options for `Stdc`.
struct StdcOptions {
  StdcOptions(int64_t in, int64_t out) : in_(in), out_(out) {}
  TORCH_ARG(int64_t, in);
  /// A multiple of 2^(blocks - 1).
  TORCH_ARG(int64_t, out);
  /// 1, or 2 to halve H and W, rounding up.
  TORCH_ARG(int64_t, stride) = 1;
  /// At least 2. Channels of the blocks: out / 2, out / 4, ..., and the last once more.
  TORCH_ARG(int64_t, blocks) = 4;
  /// Add the input to the output (ours, not the paper's): trains faster where modules follow each
  /// other. Needs `in == out` and `stride == 1`.
  TORCH_ARG(bool, residual) = false;
};

/// Short-Term Dense Concatenate (Fan et al., "Rethinking BiSeNet", arXiv 2104.13188): a 1x1 and
/// then 3x3 convolutions in a row, each half as wide as the one before, all concatenated. Sees
/// several scales at the price of one narrow chain. With stride 2 the first block is also averaged
/// 3x3, and a depthwise convolution halves what the others see. forward: [N, in, H, W] -> [N, out,
/// ceil(H / stride), ceil(W / stride)]
class StdcImpl : public torch::nn::Cloneable<StdcImpl> {
 public:
  explicit StdcImpl(const StdcOptions& options);
  void reset() override;
  torch::Tensor forward(const torch::Tensor& x);

 private:
  StdcOptions options_;
  std::vector<ConvBnAct> blocks_;
  ConvBnAct down_{nullptr};
};
TORCH_MODULE(Stdc);

}  // namespace manyfold::models
