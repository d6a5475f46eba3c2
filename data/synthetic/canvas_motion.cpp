#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "data/synthetic/canvas.h"

namespace manyfold::data::synthetic {
namespace {

constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();
constexpr float kSlack = 0.15f;  // eye distances between a surface and what shows at its place

/// The first of the two pixels that lie around `x` and the last of them that counts.
std::pair<int, int> neighbours(float x) {
  const float from = std::floor(x - 0.5f), past = x - 0.5f - from;
  constexpr float kNothing = 1e-3f;
  const int first = static_cast<int>(from);
  return {first + (past > 1 - kNothing), first + (past > kNothing)};
}

}  // namespace

void Canvas::set_owner(uint8_t owner) {
  owner_ = owner;
  drawn_ = 0;
  recorded_ = record_ ? &(*record_)[owner] : nullptr;
  followed_ = nullptr;
  if (!follow_) return;
  const auto found = follow_->find(owner);
  if (found != follow_->end()) followed_ = &found->second;
}

void Canvas::record(Trail& trail) {
  record_ = &trail;
  set_owner(owner_);
}

void Canvas::follow(const Trail& trail) {
  follow_ = &trail;
  before_.create(distance_.size());
  set_owner(owner_);
}

Canvas::Tracked Canvas::track(const Vec3& point) {
  const auto seen = camera_.see(point);
  if (recorded_) recorded_->push_back(seen);
  if (!follow_) return {seen, seen};
  const size_t i = drawn_++;
  if (followed_ && i < followed_->size()) return {seen, (*followed_)[i]};
  return {seen, {{kUnknown, kUnknown}, kUnknown, kUnknown}};
}

int Canvas::owner_of_pixel(int x, int y) const {
  const cv::Vec4b* const upper = colour_[y * kScale] + x * kScale;
  const cv::Vec4b* const lower = colour_[y * kScale + 1] + x * kScale;
  const int owner = upper[0][3];
  return upper[1][3] == owner && lower[0][3] == owner && lower[1][3] == owner ? owner : -1;
}

/// Whether a picture that is read at `place`, between pixels, shows this owner's surface at this
/// distance.
bool Canvas::showed(const cv::Point2f& place, int owner, float distance) const {
  const int width = colour_.cols / kScale, height = colour_.rows / kScale;
  if (!(place.x > 0 && place.y > 0 && place.x < width && place.y < height)) return false;
  const auto [left, right] = neighbours(place.x);
  const auto [top, bottom] = neighbours(place.y);
  if (left < 0 || top < 0 || right >= width || bottom >= height) return false;
  for (const int y : {top, bottom}) {
    for (const int x : {left, right}) {
      if (owner_of_pixel(x, y) != owner) return false;
    }
  }
  if (owner == 0) return true;
  // The same person may have held a hand before it. A slanted surface changes within a pixel.
  const int x = std::min(static_cast<int>(place.x * kScale), distance_.cols - 1);
  const int y = std::min(static_cast<int>(place.y * kScale), distance_.rows - 1);
  for (int ny = std::max(0, y - 1); ny <= std::min(y + 1, distance_.rows - 1); ++ny) {
    for (int nx = std::max(0, x - 1); nx <= std::min(x + 1, distance_.cols - 1); ++nx) {
      if (std::abs(distance_(ny, nx) - distance) < kSlack) return true;
    }
  }
  return false;
}

cv::Mat Canvas::motion_from(const Canvas& then, const cv::Matx23f& background) const {
  cv::Mat_<cv::Vec2f> motion(colour_.rows / kScale, colour_.cols / kScale);
  for (int y = 0; y < motion.rows; ++y) {
    for (int x = 0; x < motion.cols; ++x) {
      const cv::Point2f here(x + 0.5f, y + 0.5f);
      const int owner = owner_of_pixel(x, y);
      cv::Point2f there;
      float distance = 0;
      if (owner == 0) {
        there = {background(0, 0) * here.x + background(0, 1) * here.y + background(0, 2),
                 background(1, 0) * here.x + background(1, 1) * here.y + background(1, 2)};
      } else if (owner > 0) {
        cv::Vec3f sum;
        for (const int k : {0, 1, 2, 3})
          sum += before_(y * kScale + (k >> 1), x * kScale + (k & 1));
        // Sample i spans [i, i + 1) and is looked up by its number.
        there = cv::Point2f(0.25f * sum[0] + 0.5f, 0.25f * sum[1] + 0.5f) * (1.f / kScale);
        distance = 0.25f * sum[2];
      }
      const bool known = owner >= 0 && then.showed(there, owner, distance);
      motion(y, x) =
          known ? cv::Vec2f(there.x - here.x, there.y - here.y) : cv::Vec2f(kUnknown, kUnknown);
    }
  }
  return motion;
}

}  // namespace manyfold::data::synthetic
