#include "data/augment/film.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "data/synthetic/course.h"

namespace manyfold::data {
namespace {

using synthetic::Wander;

/// Shifts in shares of the picture's shorter side, degrees, and a relative change of size.
struct Camera {
  Wander x, y, roll, zoom;
};

Camera choose_camera(bool may_pan, Random& r) {
  Camera camera;
  if (r.chance(0.25f)) return camera;
  const auto wander = [&](float low, float high, float shortest, float longest) {
    const float amplitude = r.uniform(low, high);
    return Wander(amplitude, r.uniform(shortest, longest), r);
  };
  const bool pans = r.chance(0.5f) && may_pan;
  camera.x = pans ? wander(0.05f, 0.1f, 0.8f, 2.5f) : wander(0.01f, 0.04f, 0.3f, 0.9f);
  camera.y = wander(0.01f, 0.04f, 0.3f, 0.9f);
  camera.roll = wander(0.3f, 1.5f, 0.4f, 1.2f);
  camera.zoom = wander(0, 0.05f, 1, 3);
  return camera;
}

/// What a camera sees of a picture of one size.
class Window {
 public:
  Window(const Camera& camera, cv::Size picture)
      : camera_(camera),
        middle_(0.5f * static_cast<float>(picture.width),
                0.5f * static_cast<float>(picture.height)),
        shorter_(static_cast<float>(std::min(picture.width, picture.height))) {
    // A corner moves with the middle, across its distance from it, and along.
    const float turn = std::sin(camera.roll.amplitude() * static_cast<float>(CV_PI / 180)),
                grow = camera.zoom.amplitude();
    const auto margin = [&](const Wander& shift, float half, float other_half) {
      const float pixels = shift.amplitude() * shorter_ + turn * other_half + grow * half;
      return std::min(static_cast<int>(std::ceil(pixels)), static_cast<int>(half) - 1);
    };
    const int x = std::max(0, margin(camera.x, middle_.x, middle_.y)),
              y = std::max(0, margin(camera.y, middle_.y, middle_.x));
    size_ = {picture.width - 2 * x, picture.height - 2 * y};
  }

  /// From the picture to frame `frame`.
  Geometry at(int64_t frame) const {
    const double seconds = static_cast<double>(frame) / synthetic::kFramesPerSecond;
    const cv::Point2f looks_at =
        middle_ + cv::Point2f(camera_.x(seconds), camera_.y(seconds)) * shorter_;
    const double zoom = 1 + camera_.zoom(seconds);
    Geometry geometry;
    geometry.map = shift(0.5 * size_.width, 0.5 * size_.height) * scale(zoom, zoom) *
                   rotation(camera_.roll(seconds)) * shift(-looks_at.x, -looks_at.y);
    geometry.size = size_;
    return geometry;
  }

 private:
  const Camera& camera_;
  cv::Point2f middle_;
  float shorter_;
  cv::Size size_;
};

Motion motion_between(const Geometry& now, const Geometry& before) {
  const Affine map = before.map * now.map.inv();
  return affine_motion(cv::Matx23f(cv::Matx23d(map.get_minor<2, 3>(0, 0))), now.size);
}

bool has_class(const Sample& still) {
  const auto& labels = still.frames.at(0).labels;
  return std::any_of(labels.begin(), labels.end(), [](const auto& label) {
    return std::holds_alternative<ClassIndex>(label.second);
  });
}

}  // namespace

Sample film(const Sample& still, const FrameRange& range, const LabelSpecs& specs, Random& random) {
  const auto camera = choose_camera(!has_class(still), random);
  const Window window(camera, still.frames.at(0).picture.size());
  Sample clip;
  clip.origin = still.origin;
  for (int64_t t = range.first; t < range.first + range.count; ++t) {
    const auto geometry = window.at(t);
    clip.frames.push_back(warp(still, geometry, specs).frames.at(0));
    if (range.motion && t > range.first)
      clip.frames.back().motion = motion_between(geometry, window.at(t - 1));
  }
  return clip;
}

}  // namespace manyfold::data
