#include "losses/channel_wise.h"

#include <ATen/ATen.h>

namespace manyfold::losses {

at::Tensor imitate_channels(const at::Tensor& student, const at::Tensor& teacher,
                            double temperature) {
  TORCH_CHECK(student.sizes() == teacher.sizes() && student.dim() == 4,
              "imitate_channels: student and teacher must have one shape [N, C, H, W], got ",
              student.sizes(), " and ", teacher.sizes());
  const auto log_phi = [&](const at::Tensor& x) {
    return (x.flatten(2) / temperature).log_softmax(2);
  };
  const auto log_p = log_phi(teacher.detach());
  return (log_p.exp() * (log_p - log_phi(student))).sum(2).mean() * (temperature * temperature);
}

}  // namespace manyfold::losses
