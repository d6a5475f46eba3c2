#include "data/synthetic/course.h"

#include <algorithm>
#include <cmath>

#include "data/synthetic/geometry.h"

namespace manyfold::data::synthetic {
namespace {

/// Streams of one seed, beside those of `Turns::random`.
enum Slot : uint32_t { kKnot = 64, kChange };

}  // namespace

uint64_t seed_from(Random& random) {
  const uint64_t high = random();
  return high << 32 | random();
}

float Wander::operator()(double seconds) const {
  if (amplitude_ == 0) return 0;
  const double x = seconds / period_, first = std::floor(x);
  const auto knot = [&](int k) {
    const auto number = static_cast<uint64_t>(static_cast<int64_t>(first) + k);
    return Random(seed_, Random::scene, number, kKnot).uniform(-1, 1);
  };
  const float t = static_cast<float>(x - first), back = 1 - t;
  const float sum = back * back * back * knot(-1) + (4 + 3 * t * t * (t - 2)) * knot(0) +
                    (4 + 3 * back * back * (back - 2)) * knot(1) + t * t * t * knot(2);
  return amplitude_ / 6 * sum;
}

Turns::Turns(float period, float shortest, float longest, Random& random)
    : seed_(seed_from(random)),
      offset_(random.uniform(0, period)),
      period_(period),
      shortest_(std::min(shortest, period)),
      longest_(std::min(longest, period)) {}

Turns::Moment Turns::at(double seconds) const {
  const double x = (seconds + offset_) / period_, number = std::floor(x);
  Moment moment{static_cast<int64_t>(number), 0};
  Random chance = random(moment.number, kChange);
  const float time = static_cast<float>(x - number) * period_;
  const float takes = chance.uniform(shortest_, longest_);
  const float start = chance.uniform(0, period_ - takes);
  moment.share = smoothstep(start, start + takes, time);
  return moment;
}

Random Turns::random(int64_t number, uint32_t slot) const {
  return {seed_, Random::scene, static_cast<uint64_t>(number), slot};
}

}  // namespace manyfold::data::synthetic
