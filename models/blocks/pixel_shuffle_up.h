#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/pimpl.h>

namespace manyfold::models {

/// Options for `PixelShuffleUp`.
struct PixelShuffleUpOptions {
  PixelShuffleUpOptions(int64_t in, int64_t out, int64_t factor)
      : in_(in), out_(out), factor_(factor) {}
  TORCH_ARG(int64_t, in);
  TORCH_ARG(int64_t, out);
  /// H and W grow by this.
  TORCH_ARG(int64_t, factor);
  /// Odd.
  TORCH_ARG(int64_t, kernel) = 3;
};

/// Enlarges by a convolution at the small size and a shuffle of its channels into pixels (Shi et
/// al., arXiv 1609.05158): out[c, r h + i, r w + j] = conv[c r r + i r + j, h, w]. Starts as
/// nearest-neighbour enlargement (ICNR). Has a bias, and neither norm nor activation.
/// forward: [N, in, H, W] -> [N, out, factor * H, factor * W]
class PixelShuffleUpImpl : public torch::nn::Cloneable<PixelShuffleUpImpl> {
 public:
  explicit PixelShuffleUpImpl(const PixelShuffleUpOptions& options);
  void reset() override;
  torch::Tensor forward(const torch::Tensor& x);

 private:
  PixelShuffleUpOptions options_;
  torch::nn::Conv2d conv_{nullptr};
};
TORCH_MODULE(PixelShuffleUp);

}  // namespace manyfold::models
