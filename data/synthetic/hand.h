#pragma once

#include <array>
#include <string>
#include <vector>

#include "data/synthetic/canvas.h"
#include "data/synthetic/paint.h"

namespace manyfold::data::synthetic {

/// Names of what a hand may show, by class index. 0 is "none": a hand that says nothing.
const std::vector<std::string>& gesture_names();
enum Gesture {
  kUnclear = -1,  // half hidden, or between two gestures
  kNone,
  kFist,
  kIndexUp,
  kVictory,
  kThree,
  kFour,
  kOpenHand,
  kThumbUp,
  kOkRing,
  kCall,
  kILoveYou,
  kPinch,
  kGestures
};

/// How the joints of a hand are bent. Interpolates.
struct HandPose {
  struct Finger {
    float bend[3] = {0, 0, 0};  // degrees at the knuckle and the two joints of the finger
    float spread = 0;           // degrees sideways, towards the thumb
  };
  std::array<Finger, 4> fingers;  // index, middle, ring, little
  std::array<Vec3, 3> thumb;      // its two joints and tip, in hand lengths
  float finger_length = 1, width = 1, thickness = 1;
};
/// One of the many ways to show a gesture, with a hand of any proportions.
HandPose hand_pose(int gesture, Random& random);
/// The same with the proportions of `hand`.
HandPose hand_pose(int gesture, const HandPose& hand, Random& random);

/// Between two poses of one hand: 0 is `a`.
HandPose mix(const HandPose& a, const HandPose& b, float t);

/// The joints of a right hand in its own axes, in hand lengths (wrist to the tip of the middle
/// finger): the wrist is the origin, fingers point to -y, the palm faces +z, the thumb is at +x.
/// Rows: thumb, index, middle, ring, little; columns: from the palm to the tip.
using HandJoints = std::array<std::array<Vec3, 4>, 5>;
HandJoints hand_joints(const HandPose& pose);

/// Colours of a hand.
struct HandLook {
  Colour skin{200, 160, 135}, nails{215, 170, 155};
};
/// `placement` takes eye distances, `size` is the length of the hand in them; a left hand is a
/// mirrored right one. Returns the joints where they were placed.
std::vector<Vec3> draw_hand(Canvas& canvas, const HandPose& pose, const HandLook& look,
                            const Placement& placement, float size, bool right);

}  // namespace manyfold::data::synthetic
