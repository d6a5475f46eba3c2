#include "models/heads/embedding_head.h"

namespace manyfold::models {

std::vector<torch::Tensor> EmbeddingHeadImpl::forward(const std::vector<torch::Tensor>& features) {
  return {torch::adaptive_avg_pool2d(features.back(), {1, 1}).flatten(1)};
}

}  // namespace manyfold::models
