#pragma once

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

namespace manyfold::data {

/// Where each pixel of a frame was in the frame before it.
struct Motion {
  /// CV_32FC2 [H, W]: (x, y) pixels from a pixel of frame t to its place in frame t - 1; NaN where
  /// that is not known: the place was hidden, or outside the picture. Empty: nothing is known.
  cv::Mat displacement;

  bool empty() const { return displacement.empty(); }
};

/// Nothing moves.
Motion still_motion(cv::Size size);

/// Everything moves as one: `map` takes a point of frame t to where it was in frame t - 1, in the
/// continuous coordinates of data/augment/affine.h (the pixel of column i covers [i, i + 1)). What
/// was outside the picture is not known.
///   known  CV_8UC1 [H, W], 0 where the motion is not known; empty = it is known everywhere
Motion affine_motion(const cv::Matx23f& map, cv::Size size, const cv::Mat& known = {});

/// Makes the motion of a pixel NaN whose place was outside the picture.
void forget_what_was_outside(Motion& motion);

/// Optical flow between two pictures (CV_8UC3, RGB, of one size, at least 12 pixels wide or high):
/// dense inverse search (DIS, Kroeger et al., ECCV 2016) in both directions. A pixel's motion is
/// known where the two agree, |f + b|^2 < 0.01 (|f|^2 + |b|^2) + 0.5 (Sundaram et al., ECCV 2010);
/// elsewhere it is hidden in one of the pictures, or the flow is wrong.
Motion estimated_motion(const cv::Mat& previous, const cv::Mat& current);

// The following stand in the header because metrics/ use them and are built without LibTorch.

/// 255 where the motion is known, 0 elsewhere. CV_8UC1 [H, W].
inline cv::Mat known(const Motion& motion) {
  cv::Mat parts[2];
  cv::split(motion.displacement == motion.displacement, parts);  // NaN is not equal to itself
  return parts[0] & parts[1];
}

/// What frame t would be if all had only moved: `image` of frame t - 1, 8 bits or float with any
/// number of channels, sampled bilinearly (to 1/32 of a pixel) where the motion points. 0 where the
/// motion is not known; the image's edge is continued outside it.
inline cv::Mat warp_back(const cv::Mat& image, const Motion& motion) {
  CV_Assert(image.size() == motion.displacement.size());
  cv::Mat places = motion.displacement.clone(), moved;
  cv::patchNaNs(places, 0);
  places.forEach<cv::Vec2f>([](cv::Vec2f& place, const int* at) {
    place += cv::Vec2f(static_cast<float>(at[1]), static_cast<float>(at[0]));
  });
  cv::remap(image, moved, places, {}, cv::INTER_LINEAR, cv::BORDER_REPLICATE);
  moved.setTo(0, ~known(motion));
  return moved;
}

}  // namespace manyfold::data
