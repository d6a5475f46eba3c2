#pragma once

#include "data/synthetic/course.h"
#include "data/synthetic/description.h"

namespace manyfold::data::synthetic {

/// How a hand close to the camera moves: from gesture to gesture and from place to place, and now
/// and then out of the picture.
struct HandMotion {
  float most_roll = 60;     // degrees
  Wander x, y, z;           // eye distances
  Wander yaw, pitch, roll;  // degrees
  Turns turns;
};
HandMotion choose_hand_motion(const SceneOptions& scenes, Random& random);

/// Moves a hand of a clip to this moment; `camera` is that of the clip's description.
void move(HandDescription& hand, const HandMotion& motion, const Camera& camera, cv::Size picture,
          double seconds);

}  // namespace manyfold::data::synthetic
