#include "data/synthetic/camera_motion.h"

#include <algorithm>
#include <cmath>

namespace manyfold::data::synthetic {
namespace {

/// Where a place of the first picture is when the camera has shifted by `shift` and turned by
/// `roll` degrees.
cv::Matx23f turned(const cv::Point2f& middle, const cv::Point2f& shift, float roll) {
  const float c = std::cos(radians(roll)), s = std::sin(radians(roll));
  const cv::Point2f to = middle + shift;
  return {c, -s, to.x - c * middle.x + s * middle.y, s, c, to.y - s * middle.x - c * middle.y};
}

}  // namespace

CameraMotion choose_camera_motion(cv::Size picture, const ClipOptions& options, Random& r) {
  CameraMotion motion;
  const float kind = r.uniform(), shorter = float(std::min(picture.width, picture.height));
  if (kind < options.static_camera_share) return motion;
  const float shake = r.uniform(0.01f, 0.04f) * shorter;
  const auto shaking = [&] { return Wander(shake, r.uniform(0.3f, 0.9f), r); };
  motion.x = shaking(), motion.y = shaking();
  const float roll_period = r.uniform(0.4f, 1.2f);
  motion.roll = Wander(r.uniform(0.3f, 1.5f), roll_period, r);
  if (kind < options.static_camera_share + options.pan_share) {
    const float pan_period = r.uniform(0.8f, 2.5f);
    motion.x = Wander(r.uniform(0.2f, 0.5f) * picture.width, pan_period, r);
  }
  return motion;
}

void paint_surroundings(SceneDescription& scene, const CameraMotion& motion) {
  const float turn = radians(motion.roll.amplitude());
  const auto margin = [](float shift, float by_turning) {
    return static_cast<int>(std::ceil(shift + by_turning));
  };
  // A corner moves across its distance from the middle.
  const int x = margin(motion.x.amplitude(), 0.5f * turn * scene.size.height);
  const int y = margin(motion.y.amplitude(), 0.5f * turn * scene.size.width);
  auto& background = scene.background;
  background.painted =
      paint_background(background, {scene.size.width + 2 * x, scene.size.height + 2 * y});
  background.place = {1, 0, -float(x), 0, 1, -float(y)};
}

void move_camera(SceneDescription& scene, const CameraMotion& motion, double seconds) {
  const auto shift = [&](double at) { return cv::Point2f(motion.x(at), motion.y(at)); };
  const cv::Point2f here = shift(seconds), way = here - shift(seconds - 1 / kFramesPerSecond);
  const float roll = motion.roll(seconds);
  auto& place = scene.background.place;
  const auto turn = turned(scene.camera.centre, here, roll);
  const float x = place(0, 2), y = place(1, 2);
  place = turn;
  for (const int r : {0, 1}) place(r, 2) += turn(r, 0) * x + turn(r, 1) * y;
  scene.camera.centre += here;
  if (roll != 0) scene.camera.set_roll(scene.camera.roll + roll);
  scene.lens.motion = 0.5f * std::sqrt(way.dot(way));
  scene.lens.motion_degrees = std::atan2(way.y, way.x) * (180 / kPi);
}

LightMotion choose_light_motion(float harshness, const ClipOptions& options, Random& r) {
  LightMotion motion;
  if (!r.chance(float(options.light_share))) return motion;
  const auto wander = [&](float strength, float most) {
    const float period = r.uniform(1.5f, 5);
    return Wander(strength * r.uniform(0, most), period, r);
  };
  motion.yaw = wander(1, 40);
  motion.pitch = wander(1, 20);
  motion.exposure = wander(harshness, 0.15f);
  motion.warmth = wander(harshness, 0.05f);
  return motion;
}

void move_light(SceneDescription& scene, const LightMotion& motion, double seconds) {
  auto& light = scene.light;
  light.towards = rotation({motion.yaw(seconds), motion.pitch(seconds), 0}) * light.towards;
  const float bright = 1 + motion.exposure(seconds), warm = motion.warmth(seconds);
  scene.lens.gain[0] *= bright * (1 + warm);
  scene.lens.gain[1] *= bright;
  scene.lens.gain[2] *= bright * (1 - warm);
}

}  // namespace manyfold::data::synthetic
