#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/container/sequential.h>

#include "models/features.h"

namespace manyfold::models {

/// Options for `MlpHead`.
struct MlpHeadOptions {
  /// The coarsest of `features` is used.
  MlpHeadOptions(const std::vector<FeatureInfo>& features, int64_t out);
  TORCH_ARG(int64_t, in);
  TORCH_ARG(int64_t, out);
  TORCH_ARG(int64_t, hidden) = 512;
};

/// The projector of Barlow Twins (arXiv:2103.03230): averages the coarsest map over the picture,
/// two hidden layers with BatchNorm and ReLU, and a linear one. No biases.
/// forward: maps, of any size, also 1x1 -> {[N, out]}; training needs N > 1
class MlpHeadImpl : public Head, public torch::nn::Cloneable<MlpHeadImpl> {
 public:
  explicit MlpHeadImpl(const MlpHeadOptions& options);
  void reset() override;
  std::vector<torch::Tensor> forward(const std::vector<torch::Tensor>& features) override;

 private:
  MlpHeadOptions options_;
  torch::nn::Sequential layers_{nullptr};
};
TORCH_MODULE(MlpHead);

}  // namespace manyfold::models
