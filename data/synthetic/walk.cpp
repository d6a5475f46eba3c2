#include "data/synthetic/walk.h"

#include <algorithm>
#include <cmath>

#include "data/synthetic/geometry.h"

namespace manyfold::data::synthetic {
namespace {

constexpr float kBeside = 6;     // eye distances from the edge of the picture: out of sight
constexpr float kStart = 0.5f;   // seconds to gather speed, and to stop
constexpr float kStep = 5.2f;    // eye distances
constexpr uint32_t kPlaces = 8;  // stream

}  // namespace

Walk::Walk(float half, Random& r) : seed_(seed_from(r)), half_(half), speed_(r.uniform(4, 11)) {
  const float longest = 2 * (half_ + kBeside) / speed_ + kStart;
  period_ = longest + r.uniform(0.3f, 2);
  offset_ = r.uniform(0, static_cast<float>(period_));
}

float Walk::place(int64_t number) const {
  Random r(seed_, Random::scene, static_cast<uint64_t>(number), kPlaces);
  const float inside = r.uniform(-0.75f, 0.75f) * half_;
  const bool leaves = number % 2 != 0 && r.chance(0.7f);
  return leaves ? std::copysign(half_ + kBeside, r.uniform(-1, 1)) : inside;
}

Gait Walk::at(double seconds) const {
  const double x = (seconds + offset_) / period_, number = std::floor(x);
  const float from = place(static_cast<int64_t>(number) - 1),
              way = place(static_cast<int64_t>(number)) - from, distance = std::abs(way);
  const float speed = std::min(speed_, distance / kStart);
  const float takes = distance / std::max(speed, 1e-6f) + kStart;
  const float time = std::min(static_cast<float>((x - number) * period_), takes);
  // The speed rises, stays and falls.
  const float left = takes - time;
  const float gone = time < kStart   ? speed * time * time / (2 * kStart)
                     : left < kStart ? distance - speed * left * left / (2 * kStart)
                                     : speed * (time - 0.5f * kStart);
  Gait gait;
  gait.x = from + std::copysign(gone, way);
  gait.going = smoothstep(0, kStart, std::min(time, left)) * smoothstep(0.3f, 2, distance);
  // A short way is walked sideways.
  gait.heading = std::copysign(gait.going * smoothstep(2, 5, distance), way);
  gait.phase = kPi * gone / kStep;
  return gait;
}

}  // namespace manyfold::data::synthetic
