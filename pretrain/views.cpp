#include "pretrain/views.h"

#include <torch/types.h>

namespace manyfold::pretrain {

at::Tensor large_views(const data::Batch& batch) {
  const auto& pictures = batch.pictures;
  TORCH_CHECK(pictures.dim() == 5 && pictures.size(1) == 2,
              "pre-training needs two views of each picture, [N, 2, 3, H, W], got ",
              pictures.sizes());
  return pictures.flatten(0, 1);
}

at::Tensor pooled_features(const train::Forward& forward, const at::Tensor& rows) {
  return forward.encode(rows).back().mean({2, 3}, /*keepdim=*/true);
}

}  // namespace manyfold::pretrain
