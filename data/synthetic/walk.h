#pragma once

#include "data/synthetic/course.h"

namespace manyfold::data::synthetic {

/// Where somebody is who walks about, and how the body takes part.
struct Gait {
  float x = 0;        // eye distances from the middle of the picture
  float heading = 0;  // -1 .. 1: how far the body is turned to where it goes, < 0 to the left
  float going = 0;    // 0 stands, 1 walks
  float phase = 0;    // radians, half a turn a step
};

/// Walks from place to place at a steady speed and stands between. Every other place at least lies
/// in the picture, many of the others beside it.
class Walk {
 public:
  /// `half` of the picture's width in eye distances, at the depth of the walk.
  Walk(float half, Random& random);

  Gait at(double seconds) const;

 private:
  float place(int64_t number) const;

  uint64_t seed_;
  float half_, speed_;  // eye distances, and per second
  double period_, offset_;
};

}  // namespace manyfold::data::synthetic
