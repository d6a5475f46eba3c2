#pragma once

#include <torch/nn/cloneable.h>

#include "models/features.h"

namespace manyfold::models {

/// The coarsest map averaged over the picture: what an encoder says of a picture as a whole.
/// forward: [N, C, H, W] of the last map -> one tensor [N, C]. No parameters.
class EmbeddingHeadImpl : public Head, public torch::nn::Cloneable<EmbeddingHeadImpl> {
 public:
  void reset() override {}
  std::vector<torch::Tensor> forward(const std::vector<torch::Tensor>& features) override;
};
TORCH_MODULE(EmbeddingHead);

}  // namespace manyfold::models
