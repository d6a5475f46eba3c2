#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/conv.h>

#include "models/blocks/depthwise_separable.h"
#include "models/features.h"

namespace manyfold::models {

/// Options for `DetectorHead`.
struct DetectorHeadOptions {
  /// `features`: at every stride of the grids at least. `landmarks`: key points of each object, 0
  /// for boxes alone. `anchors`: at each stride.
  DetectorHeadOptions(std::vector<FeatureInfo> features, int64_t landmarks, int64_t anchors = 3)
      : features_(std::move(features)), landmarks_(landmarks), anchors_(anchors) {}
  TORCH_ARG(std::vector<FeatureInfo>, features);
  TORCH_ARG(int64_t, landmarks);
  TORCH_ARG(int64_t, anchors);
  /// Confidences of each box.
  TORCH_ARG(int64_t, classes) = 1;
  /// Of the grids, finest first, each twice the one before.
  TORCH_ARG(std::vector<int64_t>, strides) = {8};
  /// Hidden channels; 0: as many as 50,000 parameters of the head allow, at most as many as the
  /// encoder has at the finest stride.
  TORCH_ARG(int64_t, width) = 0;
};

/// Single-shot detector: for every cell of a grid and every anchor a box, its confidence for each
/// class and its key points (`losses/detector_options.h` says what the numbers mean). Every map is
/// squeezed, the enlarged coarser one added, and both mixed; the coarsest grid's context is the
/// encoder's next coarser map, where there is one. With several strides this is YOLOv3's top-down
/// path (arXiv 1804.02767), with sums in the place of concatenations.
/// forward: maps -> for each stride s raw [N, anchors * (4 + classes + 2 * landmarks), H / s, W /
/// s]
class DetectorHeadImpl : public Head, public torch::nn::Cloneable<DetectorHeadImpl> {
 public:
  explicit DetectorHeadImpl(const DetectorHeadOptions& options);
  void reset() override;
  std::vector<torch::Tensor> forward(const std::vector<torch::Tensor>& features) override;

 private:
  /// One grid.
  struct Level {
    ConvBnAct squeeze{nullptr};
    DepthwiseSeparable mix{nullptr};
    torch::nn::Conv2d out{nullptr};
  };
  torch::nn::Conv2d make_out() const;

  DetectorHeadOptions options_;
  std::vector<size_t> maps_;   // which features are read: of each level, then of the context
  std::vector<Level> levels_;  // finest first
  ConvBnAct context_{nullptr};
};
TORCH_MODULE(DetectorHead);

}  // namespace manyfold::models
