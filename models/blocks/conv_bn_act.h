#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

namespace manyfold::models {

/// Options for `ConvBnAct`.
struct ConvBnActOptions {
  ConvBnActOptions(int64_t in, int64_t out) : in_(in), out_(out) {}
  TORCH_ARG(int64_t, in);
  TORCH_ARG(int64_t, out);
  /// Odd, so that the padding of kernel / 2 is the same on all sides.
  TORCH_ARG(int64_t, kernel) = 3;
  TORCH_ARG(int64_t, stride) = 1;
  /// `in` makes it depthwise.
  TORCH_ARG(int64_t, groups) = 1;
  /// ReLU at the end.
  TORCH_ARG(bool, activation) = true;
};

/// Convolution without bias, BatchNorm, ReLU.
/// forward: [N, in, H, W] -> [N, out, ceil(H / stride), ceil(W / stride)]
class ConvBnActImpl : public torch::nn::Cloneable<ConvBnActImpl> {
 public:
  explicit ConvBnActImpl(const ConvBnActOptions& options);
  void reset() override;
  torch::Tensor forward(const torch::Tensor& x);

 private:
  ConvBnActOptions options_;
  torch::nn::Conv2d conv_{nullptr};
  torch::nn::BatchNorm2d norm_{nullptr};
};
TORCH_MODULE(ConvBnAct);

}  // namespace manyfold::models
