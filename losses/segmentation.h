#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

/// Losses of pixel labels. They share two arguments:
///
///   logits  [N, C, H, W] float; C = 1 is one logit for class 1 against class 0, otherwise one
///   logit
///           for each class
///   mask    [N, H, W] uint8, the class of each pixel; 255 = ignored (also how pictures without
///   this
///           label are filled)
///
/// They return scalars, 0 with a zero gradient when nothing is labelled, and compute in float32.
namespace manyfold::losses {

constexpr int64_t kIgnoredPixel = 255;

/// Cross-entropy in nats, the mean over labelled pixels.
at::Tensor pixel_cross_entropy(const at::Tensor& logits, const at::Tensor& mask);

/// Online hard example mining: the mean over those pixels whose cross-entropy exceeds `threshold`,
/// or over the hardest `min_kept` (a share of the labelled pixels) where fewer do (STDC-Seg, arXiv
/// 2104.13188). Ignored pixels are never among them.
at::Tensor hard_pixel_cross_entropy(const at::Tensor& logits, const at::Tensor& mask,
                                    double threshold = 0.356675 /* -ln 0.7 */,
                                    double min_kept = 1. / 16);

/// The selection of `hard_pixel_cross_entropy` on losses [P]: mean of those over `threshold`, or of
/// the `min_kept` largest. With losses in falling order, "over" is decided by loss[min_kept].
at::Tensor hard_mean(const at::Tensor& losses, double threshold, int64_t min_kept);

/// 1 - (2 sum p g + smooth) / (sum p + sum g + smooth) of probabilities and labels, for each
/// picture (and class, when C > 1), then the mean over labelled pictures (V-Net, arXiv 1606.04797).
/// In [0, 1].
at::Tensor dice_loss(const at::Tensor& logits, const at::Tensor& mask, double smooth = 1);

/// Boundary loss (Kervadec et al., arXiv 1812.07032): the mean of p * distance over labelled
/// pixels.
///   distance  [N, H, W] float: how far the pixel is from the outline of class 1, negative inside;
///   in
///             units of the picture's diagonal where sizes vary
/// Can be negative. C must be 1. To be added to a region loss with a small weight.
at::Tensor boundary_loss(const at::Tensor& logits, const at::Tensor& distance,
                         const at::Tensor& mask);

}  // namespace manyfold::losses
