#include "data/synthetic/geometry.h"

#include <algorithm>

namespace manyfold::data::synthetic {

Rotation rotation(const Angles& angles) {
  const auto [yaw, pitch, roll] = angles;
  const float cy = std::cos(radians(yaw)), sy = std::sin(radians(yaw));
  const float cp = std::cos(radians(pitch)), sp = std::sin(radians(pitch));
  const float cr = std::cos(radians(roll)), sr = std::sin(radians(roll));
  const Rotation by_pitch(1, 0, 0, 0, cp, sp, 0, -sp, cp);
  const Rotation by_yaw(cy, 0, sy, 0, 1, 0, -sy, 0, cy);
  const Rotation by_roll(cr, -sr, 0, sr, cr, 0, 0, 0, 1);
  return by_roll * by_yaw * by_pitch;
}

Camera::Seen Camera::see(const Vec3& point) const {
  const float distance = std::max(-point.z, 0.05f);
  const float scale = focal / distance;
  const float x = point.x * scale, y = point.y * scale;
  return {{centre.x + cos_roll * x - sin_roll * y, centre.y + sin_roll * x + cos_roll * y},
          distance,
          scale};
}

Vec3 Camera::point(const cv::Point2f& pixel, float scale) const {
  const cv::Point2f off = pixel - centre;
  return {(cos_roll * off.x + sin_roll * off.y) / scale,
          (cos_roll * off.y - sin_roll * off.x) / scale, -focal / scale};
}

void Camera::set_roll(float degrees) {
  roll = degrees;
  cos_roll = std::cos(radians(degrees));
  sin_roll = std::sin(radians(degrees));
}

}  // namespace manyfold::data::synthetic
