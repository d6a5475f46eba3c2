#include "losses/dino.h"

#include <torch/types.h>

namespace manyfold::losses {

using at::Tensor;

Tensor dino_targets(const Tensor& logits, const Tensor& centre, double temperature) {
  TORCH_CHECK(centre.dim() == 1 && logits.dim() >= 1 && logits.size(-1) == centre.size(0),
              "dino_targets: needs logits [..., K] and a centre [K], got ", logits.sizes(), " and ",
              centre.sizes());
  TORCH_CHECK(temperature > 0, "dino_targets: temperature must be > 0, got ", temperature);
  return ((logits.detach().to(torch::kFloat) - centre) / temperature).softmax(-1);
}

Tensor dino_loss(const Tensor& student, const Tensor& targets, double temperature) {
  TORCH_CHECK(student.dim() == 3 && targets.dim() == 3 && student.size(0) == targets.size(0) &&
                  student.size(2) == targets.size(2),
              "dino_loss: needs student [N, V, K] and targets [N, G, K], got ", student.sizes(),
              " and ", targets.sizes());
  const auto pictures = targets.size(0), taught = targets.size(1), views = student.size(1);
  TORCH_CHECK(pictures > 0 && taught > 0 && views >= taught && views > 1,
              "dino_loss: needs a picture and a second view, and every view of the teacher's among "
              "the student's, got student ",
              student.sizes(), " and targets ", targets.sizes());
  TORCH_CHECK(temperature > 0, "dino_loss: temperature must be > 0, got ", temperature);
  const auto log_p = (student.to(torch::kFloat) / temperature).log_softmax(2);
  // The sum over all pairs is a product of sums; pairs of a view with itself are taken off again.
  const auto all = (targets.sum(1) * log_p.sum(1)).sum();
  const auto same = (targets * log_p.narrow(1, 0, taught)).sum();
  return (same - all) / static_cast<double>(pictures * taught * (views - 1));
}

Tensor next_centre(const Tensor& centre, const Tensor& logits, double momentum) {
  TORCH_CHECK(centre.dim() == 1 && logits.dim() >= 1 && logits.size(-1) == centre.size(0),
              "next_centre: needs a centre [K] and logits [..., K], got ", centre.sizes(), " and ",
              logits.sizes());
  const auto mean = logits.detach().to(centre.scalar_type()).reshape({-1, centre.size(0)}).mean(0);
  return momentum * centre + (1 - momentum) * mean;
}

Tensor mean_entropy(const Tensor& probabilities) {
  return -at::xlogy(probabilities, probabilities).sum(-1).mean();
}

}  // namespace manyfold::losses
