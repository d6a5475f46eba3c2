#pragma once

#include <torch/nn/cloneable.h>

#include "models/blocks/conv_bn_act.h"
#include "models/blocks/pixel_shuffle_up.h"
#include "models/features.h"

namespace manyfold::models {

/// Options for `SegmentationHead`.
struct SegmentationHeadOptions {
  /// `features`: at strides 4, 8, 16 and 32. `classes`: 1 for one logit a pixel (object or not).
  SegmentationHeadOptions(std::vector<FeatureInfo> features, int64_t classes);
  TORCH_ARG(std::vector<FeatureInfo>, features);
  TORCH_ARG(int64_t, classes);
  /// Channels of the decoder at strides 16 and 8; three quarters of the encoder's at stride 8
  /// unless given.
  TORCH_ARG(int64_t, width);
};

/// Every map is squeezed by a 1x1 convolution before it is used, so that no wide map waits for the
/// decoder, which only enlarges (nearest neighbour), adds and convolves a little; one pixel shuffle
/// leads from stride 4 to full size.
/// forward: maps -> {logits [N, classes, H, W]}
class SegmentationHeadImpl : public Head, public torch::nn::Cloneable<SegmentationHeadImpl> {
 public:
  explicit SegmentationHeadImpl(const SegmentationHeadOptions& options);
  void reset() override;
  std::vector<torch::Tensor> forward(const std::vector<torch::Tensor>& features) override;

 private:
  SegmentationHeadOptions options_;
  ConvBnAct squeeze4_{nullptr}, squeeze8_{nullptr}, squeeze16_{nullptr}, squeeze32_{nullptr};
  ConvBnAct merge16_{nullptr}, merge8_{nullptr}, merge4_{nullptr};
  PixelShuffleUp out_{nullptr};
};
TORCH_MODULE(SegmentationHead);

}  // namespace manyfold::models
