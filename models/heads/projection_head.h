#pragma once

#include <torch/nn/cloneable.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/linear.h>

#include "models/features.h"

namespace manyfold::models {

/// Options for `ProjectionHead`.
struct ProjectionHeadOptions {
  /// The coarsest of `features` is used.
  ProjectionHeadOptions(const std::vector<FeatureInfo>& features, int64_t prototypes);
  TORCH_ARG(int64_t, in);
  TORCH_ARG(int64_t, prototypes);
  TORCH_ARG(int64_t, hidden) = 512;
  TORCH_ARG(int64_t, bottleneck) = 256;
  /// BatchNorm behind both hidden layers (`use_bn_in_head` of the reference). Pooled features of a
  /// CNN all lie in one direction at first; this tells them apart.
  TORCH_ARG(bool, batch_norm) = false;
};

/// DINO's head (arXiv:2104.14294): averages the coarsest map over the picture, two hidden layers
/// with GELU, a bottleneck of length 1, and its cosine with each of K learnt prototypes (a
/// weight-normalised linear layer of magnitude 1).
/// forward: maps, of any size, also 1x1 -> {logits [N, prototypes]}, each in [-1, 1]
class ProjectionHeadImpl : public Head, public torch::nn::Cloneable<ProjectionHeadImpl> {
 public:
  explicit ProjectionHeadImpl(const ProjectionHeadOptions& options);
  void reset() override;
  std::vector<torch::Tensor> forward(const std::vector<torch::Tensor>& features) override;

  /// While on, the prototypes get no gradient: theirs stays undefined, so that an optimiser leaves
  /// them alone, momentum and decay included.
  void freeze_last(bool on) { last_frozen_ = on; }

 private:
  torch::Tensor hidden(const torch::Tensor& pooled);

  ProjectionHeadOptions options_;
  torch::nn::Linear first_{nullptr}, second_{nullptr}, bottleneck_{nullptr};
  torch::nn::BatchNorm1d first_norm_{nullptr}, second_norm_{nullptr};  // empty without batch_norm
  torch::Tensor prototypes_;  // [prototypes, bottleneck]; only their directions count
  bool last_frozen_ = false;
};
TORCH_MODULE(ProjectionHead);

}  // namespace manyfold::models
