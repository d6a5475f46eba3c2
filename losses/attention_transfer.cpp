#include "losses/attention_transfer.h"

#include <ATen/ATen.h>

#include "losses/match_sizes.h"

namespace manyfold::losses {
namespace {

/// [N, C, H, W] -> [N, 1, H, W]
at::Tensor energy(const at::Tensor& map) { return map.square().mean(1, /*keepdim=*/true); }

/// [N, 1, H, W] -> [N, H * W] of length 1; 0 stays 0.
at::Tensor unit(const at::Tensor& map) {
  const auto flat = map.flatten(1);
  return flat / flat.norm(2, 1, /*keepdim=*/true).clamp_min(1e-12);
}

}  // namespace

at::Tensor transfer_attention(const at::Tensor& student, const at::Tensor& teacher) {
  const auto [s, t] = match_sizes(energy(student), energy(teacher.detach()));
  return (unit(s) - unit(t)).square().mean();
}

}  // namespace manyfold::losses
