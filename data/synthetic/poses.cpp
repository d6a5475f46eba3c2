#include "data/synthetic/poses.h"

#include <algorithm>

namespace manyfold::data::synthetic {
namespace {

/// Thumbs are shown upwards, and a telephone sideways; the rest of the gestures stands upright.
float usual_roll(int gesture, bool thumb_right, Random& r) {
  const float up = thumb_right ? -1.f : 1.f;
  if (gesture == kThumbUp) return 88 * up;
  if (gesture == kCall) return r.uniform(0, 80) * up;
  return 0;
}

}  // namespace

float bell(float deviation, float most, Random& r) {
  return std::clamp(deviation * r.normal(), -most, most);
}

Angles hand_angles(int gesture, bool right, float roll_deviation, float most_roll, Random& r) {
  const bool palm = r.chance(0.72f);
  Angles a;
  a.yaw = bell(20, 45, r) + (palm ? 0 : 180);
  a.pitch = bell(16, 40, r);
  const float usual = usual_roll(gesture, right == palm, r);
  a.roll = usual + bell(roll_deviation, most_roll, r);
  if (gesture == kNone && r.chance(0.6f)) a.yaw += r.uniform(-90, 90);
  return a;
}

void raise_arm(ArmPose& arm, int which, int gesture, const PersonDescription& p,
               const Camera& camera, cv::Size picture, Random& r) {
  const float side = which == 0 ? -1 : 1, size = p.body_look.hand_size;
  const auto eyes = camera.see(p.at);
  const float left = -eyes.at.x / eyes.scale, right = (picture.width - eyes.at.x) / eyes.scale;
  const float top = -eyes.at.y / eyes.scale, bottom = (picture.height - eyes.at.y) / eyes.scale;
  const auto within = [](float x, float low, float high) {
    return low < high ? std::clamp(x, low, high) : 0.5f * (low + high);
  };
  arm.hand = hand_angles(gesture, which == 0, 18, 50, r);
  arm.hand.roll += side * r.uniform(-5, 18);
  arm.elbow_out = r.uniform(0.05f, 0.6f);
  const float roll = radians(arm.hand.roll);
  const Vec3 to_middle(0.5f * size * std::sin(roll), -0.5f * size * std::cos(roll), 0);
  const float z = r.uniform(1.2f, 3.4f), y = r.uniform(-1.8f, 5.0f);
  Vec3 middle(side * r.uniform(1.2f, 5.2f), y, z);
  const float half = 0.55f * size;
  middle.x = within(middle.x, left + half, right - half);
  middle.y = within(middle.y, top + half, bottom - half);
  arm.wrist = middle - to_middle;
  // The hand follows from the pose of the trunk it hangs on.
  const Rotation back = rotation(p.body.torso).t();
  const Vec3 pivot(0, 1.1f, -0.5f);
  arm.wrist = pivot + back * (arm.wrist - pivot);
}

void rest_arm(ArmPose& arm, int which, Random& r) {
  const float side = which == 0 ? -1 : 1;
  arm.elbow_out = r.uniform(0.4f, 0.9f);
  const float kind = r.uniform();
  if (kind < 0.6f) {  // hangs
    arm.wrist = {side * r.uniform(2.8f, 4.4f), r.uniform(11, 12.6f), r.uniform(-0.8f, 1.5f)};
    arm.hand = {side * r.uniform(40, 110), r.uniform(-15, 15), 180 + side * r.uniform(-12, 15)};
  } else if (kind < 0.75f) {  // on the hip
    arm.wrist = {side * r.uniform(2.3f, 2.9f), r.uniform(9, 10.5f), r.uniform(0, 0.8f)};
    arm.hand = {180, 0, 180 - side * r.uniform(30, 80)};
    arm.elbow_out = 1.2f;
  } else if (kind < 0.96f) {  // before the belly
    arm.wrist = {side * r.uniform(0.2f, 1.6f), r.uniform(6.5f, 10.5f), r.uniform(1.4f, 2.2f)};
    arm.hand = {180 + r.uniform(-25, 25), 0, -side * r.uniform(50, 110)};
  } else {  // at the face
    arm.wrist = {side * r.uniform(0.6f, 1.8f), r.uniform(1.5f, 3.8f), r.uniform(1.6f, 2.4f)};
    arm.hand = {180 + side * r.uniform(-60, 60), 0, -side * r.uniform(0, 40)};
  }
}

std::pair<Vec3, Vec3> hand_extent(const HandDescription& hand) {
  const Rotation turn = rotation(hand.arm.hand);
  Vec3 low(9, 9, 9), high(-9, -9, -9);
  for (const auto& chain : hand_joints(hand.arm.fingers)) {
    for (Vec3 p : chain) {
      p = turn * Vec3(hand.right ? p.x : -p.x, p.y, p.z) * hand.look.hand_size;
      low = {std::min(low.x, p.x), std::min(low.y, p.y), std::min(low.z, p.z)};
      high = {std::max(high.x, p.x), std::max(high.y, p.y), std::max(high.z, p.z)};
    }
  }
  return {low, high};
}

}  // namespace manyfold::data::synthetic
