#include "losses/classification.h"

#include <torch/types.h>

#include "losses/masked.h"

namespace manyfold::losses {

at::Tensor class_cross_entropy(const at::Tensor& logits, const at::Tensor& index,
                               double smoothing) {
  TORCH_CHECK(logits.dim() == 2 && index.dim() == 1 && logits.size(0) == index.size(0),
              "class_cross_entropy: needs logits [N, C] and index [N], got ", logits.sizes(),
              " and ", index.sizes());
  TORCH_CHECK(smoothing >= 0 && smoothing < 1, "class_cross_entropy: smoothing must be in [0, 1), ",
              "got ", smoothing);
  const auto log_p = torch::log_softmax(logits, 1, torch::kFloat);
  const auto labelled = -log_p.gather(1, index.clamp_min(0).unsqueeze(1)).squeeze(1);
  const auto each =
      smoothing > 0 ? (1 - smoothing) * labelled - smoothing * log_p.mean(1) : labelled;
  return masked_mean(each, index >= 0);
}

}  // namespace manyfold::losses
