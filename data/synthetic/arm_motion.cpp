#include "data/synthetic/arm_motion.h"

#include <cmath>

#include "data/synthetic/poses.h"

namespace manyfold::data::synthetic {
namespace {

float nearest(float degrees, float to) { return degrees - 360 * std::round((degrees - to) / 360); }

class Arms {
 public:
  Arms(const PersonDescription& person, const ArmsMotion& motion, const Camera& camera,
       cv::Size picture)
      : person_(person), motion_(motion), camera_(camera), picture_(picture) {}

  ShownArm at(int which, const Turns::Moment& moment) const {
    const ShownArm before = taken_up(which, moment.number - 1),
                   now = taken_up(which, moment.number);
    return mix(before, now, moment.share);
  }
  /// An arm that hangs and swings.
  ShownArm swinging(int which, float stride) const {
    const float side = which == 0 ? -1 : 1;
    ShownArm shown{person_.body.arms[which]};
    shown.arm.wrist = {side * 3.3f, 11.4f, 0.2f - side * 1.9f * stride};
    const Angles rests = resting(which).arm.hand;
    shown.arm.hand = unwound({side * 75, 0, 180}, rests.yaw, rests.roll);
    shown.arm.elbow_out = 0.4f;
    shown.arm.fingers = relaxed(which);
    return shown;
  }

 private:
  /// Resting hands keep their place.
  ShownArm resting(int which) const {
    Random r = motion_.turns.random(-1, 2 + which);
    ShownArm shown{person_.body.arms[which]};
    rest_arm(shown.arm, which, r);
    shown.arm.fingers = relaxed(which);
    shown.arm.hand = unwind(shown.arm.hand, which);
    return shown;
  }
  HandPose relaxed(int which) const {
    Random r = motion_.turns.random(-1, 4 + which);
    return hand_pose(kNone, person_.body.arms[which].fingers, r);
  }
  ShownArm taken_up(int which, int64_t number) const {
    Random r = motion_.turns.random(number);
    const bool gesture = motion_.gestures && r.chance(0.75f);
    const bool both = r.chance(0.2f), right_one = r.chance(0.5f);
    const int shows = 1 + static_cast<int>(r.below(kGestures - 1));
    if (!gesture || !(both || right_one == (which == 0))) return resting(which);
    ShownArm shown{person_.body.arms[which], shows};
    Random each = motion_.turns.random(number, 6 + which);
    shown.arm.fingers = hand_pose(shows, shown.arm.fingers, each);
    raise_arm(shown.arm, which, shows, person_, camera_, picture_, each);
    shown.arm.hand = unwind(shown.arm.hand, which);
    return shown;
  }
  /// Hands turn outwards between hanging and upright, and between palm and back.
  static Angles unwind(const Angles& angles, int which) {
    const float side = which == 0 ? -1 : 1;
    return unwound(angles, side * 90, side * 60);
  }

  const PersonDescription& person_;
  const ArmsMotion& motion_;
  const Camera& camera_;
  const cv::Size picture_;
};

}  // namespace

Angles unwound(Angles angles, float yaw, float roll) {
  return {nearest(angles.yaw, yaw), angles.pitch, nearest(angles.roll, roll)};
}

ShownArm mix(const ShownArm& a, const ShownArm& b, float share) {
  ShownArm shown;
  shown.arm.wrist = mix(a.arm.wrist, b.arm.wrist, share);
  shown.arm.hand = mix(a.arm.hand, b.arm.hand, share);
  shown.arm.elbow_out = mix(a.arm.elbow_out, b.arm.elbow_out, share);
  const bool rests = a.gesture == kNone, will_rest = b.gesture == kNone;
  const float formed = rests == will_rest ? share
                       : rests            ? smoothstep(0.3f, 1, share)
                                          : smoothstep(0, 0.7f, share);
  shown.arm.fingers = mix(a.arm.fingers, b.arm.fingers, formed);
  constexpr float kSame = 0.1f;
  shown.gesture = formed <= kSame       ? a.gesture
                  : formed >= 1 - kSame ? b.gesture
                  : rests && will_rest  ? kNone
                                        : kUnclear;
  return shown;
}

ArmsMotion choose_arms_motion(const PersonDescription& person, Random& r) {
  ArmsMotion motion;
  motion.gestures = person.gestures[0] != kNone || person.gestures[1] != kNone;
  motion.turns = Turns(r.uniform(1.6f, 3), 0.35f, 0.9f, r);
  for (auto& idle : motion.idle) {
    const auto wander = [&](float most) {
      const float period = r.uniform(0.4f, 1.4f);
      return Wander(r.uniform(0.2f, 1) * most, period, r);
    };
    idle = {wander(0.35f), wander(0.35f), wander(0.25f), wander(9), wander(10)};
  }
  return motion;
}

void move_arms(PersonDescription& person, const ArmsMotion& motion, const Swing& swing,
               const Camera& camera, cv::Size picture, double seconds) {
  const PersonDescription base = person;
  const Arms arms(base, motion, camera, picture);
  const auto moment = motion.turns.at(seconds);
  for (const int which : {0, 1}) {
    ShownArm shown = arms.at(which, moment);
    if (swing.share > 0) {
      shown = mix(shown, arms.swinging(which, swing.stride), swing.share);
    }
    const auto& idle = motion.idle[which];
    shown.arm.wrist += Vec3(idle.x(seconds), idle.y(seconds), idle.z(seconds));
    shown.arm.hand.yaw += idle.yaw(seconds);
    shown.arm.hand.roll += idle.roll(seconds);
    person.body.arms[which] = shown.arm;
    person.gestures[which] = shown.gesture;
  }
}

}  // namespace manyfold::data::synthetic
