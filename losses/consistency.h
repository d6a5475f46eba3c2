#pragma once

#include <ATen/core/Tensor.h>

/// Objectives that ask for predictions that are steady in time: of R pairs of an earlier frame
/// (t - 1) and a later one (t). A frozen prediction satisfies those without labels perfectly: add
/// them to a loss that knows the truth. They share
///
///   earlier, later  [R, C, H, W] float, probabilities of frames t - 1 and t. Pass
///                   earlier.detach() to let only the later frame learn.
///   motion          [R, H, W, 2] float, (x, y) pixels from a pixel of frame t to its place in
///                   frame t - 1, at the resolution of what is warped; NaN where that is not known
///
/// and return scalars, 0 with a zero gradient where nothing counts, computed in float32.
namespace manyfold::losses {

/// What frame t would be if everything had only moved: [R, C, H, W], sampled bilinearly, the edge
/// continued outside. Where the motion is not known, nothing has moved.
at::Tensor warp_back(const at::Tensor& earlier, const at::Tensor& motion);

/// exp(-50 |dI|^2), [R, H, W], of pictures [R, 3, H, W] float in [0, 1]: near 1 where the later
/// one shows what the motion makes of the earlier, near 0 where it does not (shadows, wrong
/// motion). |dI|^2 sums over the channels. Lai et al., ECCV 2018, arXiv 1808.00449.
at::Tensor picture_agreement(const at::Tensor& earlier_picture, const at::Tensor& later_picture,
                             const at::Tensor& motion);

/// |p_t - warp(p_(t-1))|, times `weight`, the mean over channels and over the pixels whose motion
/// is known (those of little weight included). Lai et al., as above.
///   weight  [R, H, W] float, such as picture_agreement(); undefined = 1
at::Tensor warped_consistency(const at::Tensor& earlier, const at::Tensor& later,
                              const at::Tensor& motion, const at::Tensor& weight = {});

/// |p_t - p_(t-1)|^2 of class probabilities [R, C], in [0, 2], the mean over the pairs of `same`.
///   same  [R] bool, true where both frames are of one class
at::Tensor class_consistency(const at::Tensor& earlier, const at::Tensor& later,
                             const at::Tensor& same);

}  // namespace manyfold::losses
