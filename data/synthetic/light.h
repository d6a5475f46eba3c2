#pragma once

#include "data/synthetic/geometry.h"

namespace manyfold::data::synthetic {

/// One distant lamp and a sky: what a surface that looks along a normal receives, as a factor on
/// its colour.
struct Light {
  Vec3 towards{0, -0.5f, 0.8f};  // unit vector to the lamp
  cv::Vec3f lamp{0.6f, 0.6f, 0.6f};
  cv::Vec3f from_above{0.55f, 0.55f, 0.55f};
  cv::Vec3f from_below{0.35f, 0.35f, 0.35f};

  /// `gloss` adds the lamp's mirror image: 0 is cloth, 0.3 moist skin.
  cv::Vec3f on(const Vec3& normal, float gloss) const {
    const float facing = std::max(0.f, (normal.dot(towards) + 0.2f) * (1 / 1.2f));
    const float up = 0.5f - 0.5f * normal.y;
    cv::Vec3f light = lamp * facing + from_above * up + from_below * (1 - up);
    if (gloss > 0) {
      Vec3 half{towards.x, towards.y, towards.z + 1};
      float shine = std::max(0.f, normal.dot(half)) / std::max(length(half), 1e-3f);
      shine *= shine, shine *= shine, shine *= shine, shine *= shine;
      light += lamp * (gloss * shine);
    }
    return light;
  }
};

}  // namespace manyfold::data::synthetic
