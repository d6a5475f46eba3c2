#include "losses/consistency.h"

#include <torch/types.h>

#include "losses/masked.h"

namespace manyfold::losses {
namespace {

using torch::Tensor;

void check_pair(const char* who, const Tensor& earlier, const Tensor& later) {
  TORCH_CHECK(earlier.dim() == 4 && earlier.sizes() == later.sizes(), who,
              ": needs two frames [R, C, H, W] of one shape, got ", earlier.sizes(), " and ",
              later.sizes());
}

void check_map(const char* who, const char* what, const Tensor& map, const Tensor& frames) {
  TORCH_CHECK(map.dim() == 3 && map.size(0) == frames.size(0) && map.size(1) == frames.size(2) &&
                  map.size(2) == frames.size(3),
              who, ": ", what, " must be [R, H, W] of frames ", frames.sizes(), ", got ",
              map.sizes());
}

/// [R, H, W] bool.
Tensor known(const Tensor& motion) { return motion.isnan().any(-1).logical_not(); }

/// Where in the earlier frame to look for each pixel, [R, H, W, 2], as at::grid_sampler counts: the
/// picture spans [-1, 1], the centre of pixel i of n stands at (2 i + 1) / n - 1.
Tensor places(const Tensor& motion) {
  const auto centres = [&](int64_t n) {
    return (2 * torch::arange(n, motion.options().dtype(torch::kFloat)) + 1) / n - 1;
  };
  const auto height = motion.size(1), width = motion.size(2);
  const auto moved = motion.to(torch::kFloat).masked_fill(motion.isnan(), 0);
  const auto x = centres(width) + moved.select(-1, 0) * (2. / static_cast<double>(width));
  const auto y =
      centres(height).unsqueeze(1) + moved.select(-1, 1) * (2. / static_cast<double>(height));
  return torch::stack({x, y}, -1);
}

}  // namespace

Tensor warp_back(const Tensor& earlier, const Tensor& motion) {
  TORCH_CHECK(earlier.dim() == 4 && motion.dim() == 4 && motion.size(0) == earlier.size(0) &&
                  motion.size(1) == earlier.size(2) && motion.size(2) == earlier.size(3) &&
                  motion.size(3) == 2,
              "warp_back: needs frames [R, C, H, W] and motion [R, H, W, 2], got ", earlier.sizes(),
              " and ", motion.sizes());
  constexpr int64_t kBilinear = 0, kBorder = 1;
  return torch::grid_sampler(earlier.to(torch::kFloat), places(motion), kBilinear, kBorder,
                             /*align_corners=*/false);
}

Tensor picture_agreement(const Tensor& earlier_picture, const Tensor& later_picture,
                         const Tensor& motion) {
  check_pair("picture_agreement", earlier_picture, later_picture);
  const auto difference = later_picture.to(torch::kFloat) - warp_back(earlier_picture, motion);
  return (-50 * difference.square().sum(1)).exp();
}

Tensor warped_consistency(const Tensor& earlier, const Tensor& later, const Tensor& motion,
                          const Tensor& weight) {
  check_pair("warped_consistency", earlier, later);
  const auto each = (later.to(torch::kFloat) - warp_back(earlier, motion)).abs().mean(1);
  if (!weight.defined()) return masked_mean(each, known(motion));
  check_map("warped_consistency", "the weight", weight, later);
  return masked_mean(each * weight, known(motion));
}

Tensor class_consistency(const Tensor& earlier, const Tensor& later, const Tensor& same) {
  TORCH_CHECK(earlier.dim() == 2 && earlier.sizes() == later.sizes(),
              "class_consistency: needs probabilities [R, C] of two frames, got ", earlier.sizes(),
              " and ", later.sizes());
  const auto change = later.to(torch::kFloat) - earlier.to(torch::kFloat);
  return masked_mean(change.square().sum(1), same);
}

}  // namespace manyfold::losses
