#include "losses/segmentation.h"

#include <algorithm>

#include "losses/masked.h"

namespace manyfold::losses {
namespace {

using torch::Tensor;

void check(const char* who, const Tensor& logits, const Tensor& mask) {
  TORCH_CHECK(logits.dim() == 4 && mask.dim() == 3 && logits.size(0) == mask.size(0) &&
                  logits.size(2) == mask.size(1) && logits.size(3) == mask.size(2),
              who, ": needs logits [N, C, H, W] and a mask [N, H, W], got ", logits.sizes(),
              " and ", mask.sizes());
}

/// Cross-entropy of every pixel [N, H, W]; of ignored pixels, some finite number.
Tensor each_pixel(const Tensor& logits, const Tensor& mask) {
  const auto x = logits.to(torch::kFloat);
  if (x.size(1) > 1) {
    return torch::cross_entropy_loss(x, mask.to(torch::kLong), /*weight=*/{}, at::Reduction::None,
                                     kIgnoredPixel);
  }
  const auto sign = 1 - 2 * mask.eq(1).to(torch::kFloat);
  return torch::softplus(x.squeeze(1) * sign);  // -ln p of the label
}

/// Probabilities and labels [N, C, H, W], both 0 where ignored.
std::pair<Tensor, Tensor> probabilities(const Tensor& logits, const Tensor& mask) {
  const auto x = logits.to(torch::kFloat);
  const auto ignored = mask.eq(kIgnoredPixel).unsqueeze(1);
  const auto first = x.size(1) == 1 ? 1 : 0;
  const auto classes = torch::arange(first, first + x.size(1), mask.options().dtype(torch::kByte))
                           .view({1, -1, 1, 1});
  const auto p = x.size(1) == 1 ? torch::sigmoid(x) : torch::softmax(x, 1);
  return {p.masked_fill(ignored, 0), mask.unsqueeze(1).eq(classes).to(torch::kFloat)};
}

}  // namespace

Tensor pixel_cross_entropy(const Tensor& logits, const Tensor& mask) {
  check("pixel_cross_entropy", logits, mask);
  return masked_mean(each_pixel(logits, mask), mask.ne(kIgnoredPixel));
}

Tensor hard_mean(const Tensor& losses, double threshold, int64_t min_kept) {
  TORCH_CHECK(losses.dim() == 1 && min_kept >= 1, "hard_mean: needs losses [P] and min_kept >= 1, ",
              "got ", losses.sizes(), " and ", min_kept);
  const auto hard = losses.detach() > threshold;
  if (hard.sum().item<int64_t>() > min_kept) return masked_mean(losses, hard);
  const auto kept = std::min(min_kept, losses.numel());
  return kept == 0 ? losses.sum() : std::get<0>(losses.topk(kept)).mean();
}

Tensor hard_pixel_cross_entropy(const Tensor& logits, const Tensor& mask, double threshold,
                                double min_kept) {
  check("hard_pixel_cross_entropy", logits, mask);
  const auto losses = each_pixel(logits, mask).masked_select(mask.ne(kIgnoredPixel));
  const auto kept = static_cast<int64_t>(static_cast<double>(losses.numel()) * min_kept);
  return hard_mean(losses, threshold, std::max<int64_t>(kept, 1));
}

Tensor dice_loss(const Tensor& logits, const Tensor& mask, double smooth) {
  check("dice_loss", logits, mask);
  const auto [p, g] = probabilities(logits, mask);
  const auto overlap = (p * g).sum({2, 3}), total = p.sum({2, 3}) + g.sum({2, 3});
  const auto each = 1 - (2 * overlap + smooth) / (total + smooth);
  return masked_mean(each.mean(1), mask.ne(kIgnoredPixel).flatten(1).any(1));
}

Tensor boundary_loss(const Tensor& logits, const Tensor& distance, const Tensor& mask) {
  check("boundary_loss", logits, mask);
  TORCH_CHECK(logits.size(1) == 1 && distance.sizes() == mask.sizes(),
              "boundary_loss: needs one logit and one distance for each pixel, got ",
              logits.sizes(), " and ", distance.sizes());
  const auto valid = mask.ne(kIgnoredPixel);
  const auto known = distance.masked_fill(valid.logical_not(), 0);
  return masked_mean(torch::sigmoid(logits.to(torch::kFloat)).squeeze(1) * known, valid);
}

}  // namespace manyfold::losses
