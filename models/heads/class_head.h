#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/linear.h>

#include "models/blocks/conv_bn_act.h"
#include "models/features.h"

namespace manyfold::models {

/// Options for `ClassHead`.
struct ClassHeadOptions {
  /// The coarsest of `features` is used.
  ClassHeadOptions(const std::vector<FeatureInfo>& features, int64_t classes);
  TORCH_ARG(int64_t, in);
  TORCH_ARG(int64_t, classes);
  /// Hidden channels; unless given, as many as 44,000 weights allow, at most 192.
  TORCH_ARG(int64_t, width);
};

/// Widens the coarsest map by a 1x1 convolution, averages it over the picture and scores classes.
/// forward: maps -> {logits [N, classes]}
class ClassHeadImpl : public Head, public torch::nn::Cloneable<ClassHeadImpl> {
 public:
  explicit ClassHeadImpl(const ClassHeadOptions& options);
  void reset() override;
  std::vector<torch::Tensor> forward(const std::vector<torch::Tensor>& features) override;

 private:
  ClassHeadOptions options_;
  ConvBnAct hidden_{nullptr};
  torch::nn::Linear scores_{nullptr};
};
TORCH_MODULE(ClassHead);

}  // namespace manyfold::models
