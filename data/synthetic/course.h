#pragma once

#include <cstdint>

#include "common/random.h"

namespace manyfold::data::synthetic {

/// How values change with time. All are pure functions of the time in seconds, which may be any,
/// and never leave their bounds.

constexpr double kFramesPerSecond = 30;

/// 64 random bits, to name further streams.
uint64_t seed_from(Random& random);

/// Wanders smoothly within -amplitude .. amplitude: value noise, a cubic B-spline over random
/// knots.
class Wander {
 public:
  Wander() = default;  // stays 0
  /// One knot each `period` seconds.
  Wander(float amplitude, float period, Random& random)
      : seed_(seed_from(random)), amplitude_(amplitude), period_(period) {}

  float operator()(double seconds) const;
  float amplitude() const { return amplitude_; }

 private:
  uint64_t seed_ = 0;
  float amplitude_ = 0, period_ = 1;
};

/// Takes up one thing after another: each period has a number, and somewhere in it number - 1 gives
/// way to number.
class Turns {
 public:
  Turns() = default;
  /// The change takes between `shortest` and `longest` seconds, no more than the period.
  Turns(float period, float shortest, float longest, Random& random);

  struct Moment {
    int64_t number;  // what is taken up, or was
    float share;     // how much of it: 0 is all of number - 1, 1 all of number; smooth
  };
  Moment at(double seconds) const;
  float period() const { return period_; }
  /// Chance of what has this number; `slot` tells several apart.
  Random random(int64_t number, uint32_t slot = 0) const;

 private:
  uint64_t seed_ = 0;
  double offset_ = 0;  // seconds
  float period_ = 1, shortest_ = 1, longest_ = 1;
};

}  // namespace manyfold::data::synthetic
