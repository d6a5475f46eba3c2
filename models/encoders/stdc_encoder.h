#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/container/sequential.h>

#include <vector>

#include "models/features.h"

namespace manyfold::models {

/// Options for `StdcEncoder`.
struct StdcEncoderOptions {
  /// Channels at strides 4, 8, 16 and 32, and STDC modules at strides 8, 16 and 32.
  StdcEncoderOptions(std::vector<int64_t> channels, std::vector<int64_t> modules)
      : channels_(std::move(channels)), modules_(std::move(modules)) {}
  TORCH_ARG(std::vector<int64_t>, channels);
  TORCH_ARG(std::vector<int64_t>, modules);
  /// Blocks in each module.
  TORCH_ARG(int64_t, blocks) = 3;
  /// Begin with space-to-depth and a 3x3 convolution instead of one 7x7 convolution, both straight
  /// to stride 4.
  TORCH_ARG(bool, space_to_depth) = false;
};

/// A stem straight to a quarter of the size, a 3x3 convolution there, then at each coarser stride a
/// 3x3 convolution with stride 2 and STDC modules with a skip around each. Nothing is computed at
/// half size: there, the passes of BatchNorm and activation over large maps cost more than all the
/// convolutions of the coarse stages.
/// forward: [N, 3, H, W] -> four maps, at strides 4, 8, 16 and 32
class StdcEncoderImpl : public Encoder, public torch::nn::Cloneable<StdcEncoderImpl> {
 public:
  explicit StdcEncoderImpl(const StdcEncoderOptions& options);
  void reset() override;
  std::vector<torch::Tensor> forward(const torch::Tensor& pictures) override;
  std::vector<FeatureInfo> features() const override;

 private:
  torch::nn::Sequential make_stem();

  StdcEncoderOptions options_;
  std::vector<torch::nn::Sequential> stages_;
};
TORCH_MODULE(StdcEncoder);

}  // namespace manyfold::models
