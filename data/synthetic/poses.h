#pragma once

#include <utility>

#include "data/synthetic/description.h"

namespace manyfold::data::synthetic {

/// Normally distributed around 0, cut at `most`.
float bell(float deviation, float most, Random& random);

/// How a hand is held to show a gesture: mostly with the palm ahead, sometimes with its back.
Angles hand_angles(int gesture, bool right, float roll_deviation, float most_roll, Random& random);

/// Raises an arm (0: the person's right, 1: the left) for a gesture: somewhere beside the head or
/// in front of the chest, inside the picture where that is possible.
void raise_arm(ArmPose& arm, int which, int gesture, const PersonDescription& person,
               const Camera& camera, cv::Size picture, Random& random);
/// Lets an arm hang, rest on the hip, before the belly or at the face.
void rest_arm(ArmPose& arm, int which, Random& random);

/// The lowest and the highest coordinates of a hand's joints, seen from its wrist.
std::pair<Vec3, Vec3> hand_extent(const HandDescription& hand);

}  // namespace manyfold::data::synthetic
