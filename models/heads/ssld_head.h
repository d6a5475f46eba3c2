#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/conv.h>

#include "models/blocks/depthwise_separable.h"
#include "models/features.h"

namespace manyfold::models {

/// Options for `SsldHead`.
struct SsldHeadOptions {
  /// `features`: at the grid's stride and twice that at least. `landmarks`: key points of each
  /// object, 0 for boxes alone.
  SsldHeadOptions(std::vector<FeatureInfo> features, int64_t landmarks, int64_t anchors = 3)
      : features_(std::move(features)), landmarks_(landmarks), anchors_(anchors) {}
  TORCH_ARG(std::vector<FeatureInfo>, features);
  TORCH_ARG(int64_t, landmarks);
  TORCH_ARG(int64_t, anchors);
  /// Of the grid: 8 or 16. The coarser map is enlarged and added as context.
  TORCH_ARG(int64_t, stride) = 8;
  /// Hidden channels; 0: as many as 50,000 parameters of the head allow, at most as many as the
  /// encoder has at the grid's stride.
  TORCH_ARG(int64_t, width) = 0;
};

/// Single-shot landmark detector: for every cell of a grid and every anchor a box, its confidence
/// and its key points (`losses/ssld.h` says what the numbers mean). forward: maps -> {raw [N,
/// anchors * (5 + 2 * landmarks), H / stride, W / stride]}
class SsldHeadImpl : public Head, public torch::nn::Cloneable<SsldHeadImpl> {
 public:
  explicit SsldHeadImpl(const SsldHeadOptions& options);
  void reset() override;
  std::vector<torch::Tensor> forward(const std::vector<torch::Tensor>& features) override;

 private:
  SsldHeadOptions options_;
  size_t fine_ = 0;  // which of the features has the grid's stride; the next one is the context
  ConvBnAct squeeze_{nullptr}, context_{nullptr};
  DepthwiseSeparable mix_{nullptr};
  torch::nn::Conv2d out_{nullptr};
};
TORCH_MODULE(SsldHead);

}  // namespace manyfold::models
