#include "losses/hint.h"

#include <ATen/ATen.h>

#include "losses/match_sizes.h"

namespace manyfold::losses {

at::Tensor hint(const at::Tensor& student, const at::Tensor& teacher) {
  const auto [s, t] = match_sizes(student, teacher.detach());
  TORCH_CHECK(s.size(1) == t.size(1), "hint: student and teacher must have one number of channels,",
              " got ", student.sizes(), " and ", teacher.sizes());
  return (s - t).square().mean();
}

}  // namespace manyfold::losses
