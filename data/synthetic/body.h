#pragma once

#include <array>
#include <vector>

#include "data/synthetic/grid.h"
#include "data/synthetic/hand.h"

namespace manyfold::data::synthetic {

/// An arm by where its wrist is, and how its hand is turned. In the body's axes: the origin is
/// between the eyes of a head that looks straight ahead. Interpolates.
struct ArmPose {
  Vec3 wrist;
  Angles hand;  // 0: fingers up, the palm towards the camera
  HandPose fingers;
  float elbow_out = 0.5f;  // 0: the elbow hangs below, 1: it points aside
};

struct BodyPose {
  Angles torso;                 // around the base of the skull
  std::array<ArmPose, 2> arms;  // the person's right arm (left in the picture), then the left
  float stride = 0;             // how far the feet stand apart, -1 .. 1
  float bent_knee = 0;
};

enum class Legs { trousers, shorts, skirt };

struct BodyLook {
  Colour skin{200, 160, 135}, top{90, 90, 160}, bottom{40, 40, 60}, shoes{30, 30, 30},
      under{230, 230, 230};
  float build = 1;      // breadth of trunk and limbs
  float shoulders = 1;  // their breadth
  float neck = 1;       // its thickness
  bool long_sleeves = true;
  bool collar = false;    // an open jacket, with what is under it
  float top_end = 11.5f;  // the lowest height of the upper garment
  float leg_length = 1;
  Legs legs = Legs::trousers;
  float skirt_end = 17;
  float hand_size = 2.9f;
  HandLook hands;
  uint64_t seed = 0;  // of cloth
};

/// Where the joints of the right and left hand ended up, for the camera: 20 each as of `draw_hand`,
/// or none.
using DrawnHands = std::array<std::vector<Vec3>, 2>;
/// `with_legs` is false where they would be outside of the picture anyway.
DrawnHands draw_body(Canvas& canvas, const BodyPose& pose, const BodyLook& look,
                     const Placement& placement, bool with_legs);
/// A forearm with its hand alone; the wrist is at the origin of `placement`.
DrawnHands draw_hand_alone(Canvas& canvas, const ArmPose& arm, const BodyLook& look,
                           const Placement& placement, bool right, float sleeve_from);

}  // namespace manyfold::data::synthetic
