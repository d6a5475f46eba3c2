#include "data/synthetic/hand_motion.h"

#include "data/synthetic/arm_motion.h"
#include "data/synthetic/poses.h"

namespace manyfold::data::synthetic {
namespace {

Vec3 middle(const HandDescription& hand) {
  const auto [low, high] = hand_extent(hand);
  return (low + high) * 0.5f;
}

/// Here, `arm.wrist` is the place of the wrist for the camera.
ShownArm taken_up(const HandDescription& hand, const HandMotion& motion, const Camera& camera,
                  cv::Size picture, int64_t number) {
  Random r = motion.turns.random(number);
  HandDescription next = hand;
  next.gesture = static_cast<int>(r.below(kGestures));
  next.arm.fingers = hand_pose(next.gesture, hand.arm.fingers, r);
  next.arm.hand = unwound(
      hand_angles(next.gesture, hand.right, 0.5f * motion.most_roll, motion.most_roll, r), 90, 0);
  const float scale = camera.focal / -(hand.wrist + middle(hand)).z;
  const float y = picture.height * r.uniform(0.4f, 0.6f);
  const cv::Point2f at(picture.width * r.uniform(0.4f, 0.6f), y);
  ShownArm shown{next.arm, next.gesture};
  shown.arm.wrist = camera.point(at, scale) - middle(next);
  if (r.chance(0.1f)) shown.arm.wrist.y += picture.height / scale + hand.look.hand_size;
  return shown;
}

}  // namespace

HandMotion choose_hand_motion(const SceneOptions& scenes, Random& r) {
  const auto wander = [&](float most) {
    const float period = r.uniform(0.5f, 1.5f);
    return Wander(r.uniform(0.2f, 1) * most, period, r);
  };
  HandMotion m;
  m.most_roll = float(scenes.max_hand_roll);
  m.x = wander(0.5f), m.y = wander(0.5f), m.z = wander(1);
  m.yaw = wander(15), m.pitch = wander(12), m.roll = wander(12);
  m.turns = Turns(r.uniform(1.4f, 3), 0.35f, 0.9f, r);
  return m;
}

void move(HandDescription& hand, const HandMotion& motion, const Camera& camera, cv::Size picture,
          double seconds) {
  const auto moment = motion.turns.at(seconds);
  const auto from = taken_up(hand, motion, camera, picture, moment.number - 1);
  const auto to = taken_up(hand, motion, camera, picture, moment.number);
  const ShownArm shown = mix(from, to, moment.share);
  hand.gesture = shown.gesture;
  hand.arm.fingers = shown.arm.fingers;
  hand.arm.hand = shown.arm.hand;
  hand.arm.hand.yaw += motion.yaw(seconds);
  hand.arm.hand.pitch += motion.pitch(seconds);
  hand.arm.hand.roll += motion.roll(seconds);
  hand.wrist = shown.arm.wrist + Vec3(motion.x(seconds), motion.y(seconds), motion.z(seconds));
}

}  // namespace manyfold::data::synthetic
