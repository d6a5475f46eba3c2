#pragma once

#include "data/synthetic/course.h"
#include "data/synthetic/description.h"

namespace manyfold::data::synthetic {

/// An arm and what its hand shows.
struct ShownArm {
  ArmPose arm;
  int gesture = kNone;
};
/// An arm between two poses, 0 is all of `a`. A hand begins to form a gesture when it is on its way
/// up and lets go of it at once on the way down; further than a tenth of the way from either, what
/// it shows is `kUnclear`.
ShownArm mix(const ShownArm& a, const ShownArm& b, float share);
/// The same direction with yaw and roll within half a turn of these: so that poses which are mixed
/// turn the way that joints do.
Angles unwound(Angles angles, float yaw, float roll);

/// The arms of a person: they rest, rise to a gesture, change to another and go down again.
struct ArmsMotion {
  Turns turns;
  bool gestures = false;
  struct Idle {
    Wander x, y, z, yaw, roll;  // eye distances and degrees
  };
  std::array<Idle, 2> idle;
};
ArmsMotion choose_arms_motion(const PersonDescription& person, Random& random);

/// How far an arm swings with a step: 0 stands, 1 walks; `stride` as of `BodyPose`.
struct Swing {
  float share = 0, stride = 0;
};
/// Moves the arms of `person`, whose description is otherwise still that of the clip.
void move_arms(PersonDescription& person, const ArmsMotion& motion, const Swing& swing,
               const Camera& camera, cv::Size picture, double seconds);

}  // namespace manyfold::data::synthetic
