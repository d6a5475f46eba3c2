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

  /// `gloss` adds the lamp's mirror image: 0 is cloth, 0.3 moist skin. `halfway` is the direction
  /// between the lamp and the camera.
  cv::Vec3f on(const Vec3& normal, float gloss, const Vec3& halfway) const {
    const float up = 0.5f - 0.5f * normal.y;
    float shine = std::max(0.f, normal.dot(halfway));
    shine *= shine, shine *= shine, shine *= shine, shine *= shine;
    const float lit = std::max(0.f, (normal.dot(towards) + 0.2f) * (1 / 1.2f)) + gloss * shine;
    return {lamp[0] * lit + from_above[0] * up + from_below[0] * (1 - up),
            lamp[1] * lit + from_above[1] * up + from_below[1] * (1 - up),
            lamp[2] * lit + from_above[2] * up + from_below[2] * (1 - up)};
  }
  Vec3 halfway() const { return unit(towards + Vec3(0, 0, 1.001f)); }
};

}  // namespace manyfold::data::synthetic
