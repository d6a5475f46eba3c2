#pragma once

#include <cstdint>
#include <opencv2/core.hpp>

namespace manyfold::data::synthetic {

struct Background {
  enum Kind { kGradient, kTexture, kRoom, kBlobs, kOutdoors, kClutter, kKinds };
  Kind kind = kGradient;
  float defocus = 0;  // pixels, standard deviation
  uint64_t seed = 0;
};

/// An RGB picture (CV_8UC3) without people; a third of them hold shapes in the colours of skin, so
/// that colour alone tells nothing.
cv::Mat draw_background(const Background& background, cv::Size size);

}  // namespace manyfold::data::synthetic
