#pragma once

#include <cmath>
#include <opencv2/core.hpp>

namespace manyfold::data::synthetic {

/// Lengths are in eye distances: 1 = from the middle of one eye to that of the other, about 63 mm
/// of an adult. Axes as in the picture: x to the right, y down, z towards the camera.
using Vec3 = cv::Point3f;
using Rotation = cv::Matx33f;

/// Degrees. For something that faces the camera: yaw > 0 turns it to the right side of the picture,
/// pitch > 0 downwards, and roll > 0 leans it clockwise. Pitch is applied first, roll last.
struct Angles {
  float yaw = 0, pitch = 0, roll = 0;
};
Rotation rotation(const Angles& angles);

constexpr float kPi = 3.14159265f;
inline float radians(float degrees) { return degrees * (kPi / 180); }
inline float mix(float a, float b, float t) { return a + (b - a) * t; }
inline Vec3 mix(const Vec3& a, const Vec3& b, float t) { return a + (b - a) * t; }
inline Angles mix(const Angles& a, const Angles& b, float t) {
  return {mix(a.yaw, b.yaw, t), mix(a.pitch, b.pitch, t), mix(a.roll, b.roll, t)};
}
inline float clamp01(float x) { return x < 0 ? 0 : x > 1 ? 1 : x; }
/// 0 below `low`, 1 above `high`, smooth between.
inline float smoothstep(float low, float high, float x) {
  const float t = clamp01((x - low) / (high - low));
  return t * t * (3 - 2 * t);
}
inline float length(const Vec3& v) { return std::sqrt(v.dot(v)); }
inline Vec3 unit(const Vec3& v) { return v * (1 / std::max(length(v), 1e-9f)); }

/// A pinhole at the origin that looks along -z.
struct Camera {
  float focal = 176;   // pixels
  cv::Point2f centre;  // pixels
  float roll = 0;      // degrees, turns what it sees clockwise

  /// Pixels; `distance` is what the depth buffer compares. Points must have z < 0.
  struct Seen {
    cv::Point2f at;
    float distance;
    float scale;  // pixels per eye distance, there
  };
  Seen see(const Vec3& point) const;
  /// The point that shows at `pixel`, where an eye distance takes `scale` pixels.
  Vec3 point(const cv::Point2f& pixel, float scale) const;

  float cos_roll = 1, sin_roll = 0;  // of `roll`; see `set_roll`
  void set_roll(float degrees);
};

/// A rigid placement: rotate, then move.
struct Placement {
  Rotation turn = Rotation::eye();
  Vec3 move;
  Vec3 operator()(const Vec3& p) const { return turn * p + move; }
};

}  // namespace manyfold::data::synthetic
