#pragma once

#include <cstdint>
#include <opencv2/core.hpp>

namespace manyfold::data::synthetic {

struct Background {
  enum Kind { kGradient, kTexture, kRoom, kBlobs, kOutdoors, kClutter, kKinds };
  Kind kind = kGradient;
  float defocus = 0;  // pixels, standard deviation
  uint64_t seed = 0;

  /// Of a clip: what `paint_background` made, a margin larger than the picture, and the place of
  /// the picture for a place in it (both in pixels). Without it, the background is painted as large
  /// as the picture.
  cv::Mat painted;
  cv::Matx23f place{1, 0, 0, 0, 1, 0};
};

/// Paints the background in this size, without looking at `painted`.
cv::Mat paint_background(const Background& background, cv::Size size);

/// An RGB picture (CV_8UC3) without people; a third of them hold shapes in the colours of skin, so
/// that colour alone tells nothing.
cv::Mat draw_background(const Background& background, cv::Size size);
/// Takes a place of the picture with the one background to the place of the same spot with the
/// other.
cv::Matx23f motion(const Background& from, const Background& to);

}  // namespace manyfold::data::synthetic
