#include "data/synthetic/arm_motion.h"

#include <gtest/gtest.h>

#include <cmath>

namespace manyfold::data::synthetic {
namespace {

ShownArm arm(int gesture) {
  Random random(1, Random::scene, static_cast<uint64_t>(gesture));
  ShownArm shown;
  shown.gesture = gesture;
  shown.arm.fingers = hand_pose(gesture, HandPose{}, random);
  return shown;
}

TEST(ShownArm, IsUnclearBetweenTwoGestures) {
  const ShownArm fist = arm(kFist), open = arm(kOpenHand);
  EXPECT_EQ(mix(fist, open, 0).gesture, kFist);
  EXPECT_EQ(mix(fist, open, 0.09f).gesture, kFist);
  EXPECT_EQ(mix(fist, open, 0.11f).gesture, kUnclear);
  EXPECT_EQ(mix(fist, open, 0.5f).gesture, kUnclear);
  EXPECT_EQ(mix(fist, open, 0.89f).gesture, kUnclear);
  EXPECT_EQ(mix(fist, open, 0.91f).gesture, kOpenHand);
  EXPECT_EQ(mix(fist, open, 1).gesture, kOpenHand);
}

TEST(ShownArm, IsUnclearBetweenTwoWaysToShowOneGesture) {
  // Three fingers with the thumb may become three without: half-way it is neither.
  EXPECT_EQ(mix(arm(kThree), arm(kThree), 0.5f).gesture, kUnclear);
}

TEST(ShownArm, ShowsNothingAsLongAsItRests) {
  const ShownArm rest = arm(kNone), fist = arm(kFist);
  EXPECT_EQ(mix(rest, rest, 0.5f).gesture, kNone);
  // Rising: fingers set out at 0.3; smoothstep((0.4 - 0.3) / 0.7) = 0.055, at 0.5 it is 0.198.
  EXPECT_EQ(mix(rest, fist, 0.4f).gesture, kNone);
  EXPECT_EQ(mix(rest, fist, 0.5f).gesture, kUnclear);
  EXPECT_EQ(mix(rest, fist, 0.95f).gesture, kFist);
  // Going down is the same, backwards.
  EXPECT_EQ(mix(fist, rest, 0.05f).gesture, kFist);
  EXPECT_EQ(mix(fist, rest, 0.5f).gesture, kUnclear);
  EXPECT_EQ(mix(fist, rest, 0.6f).gesture, kNone);
}

TEST(ShownArm, WithAGestureHasItsFingers) {
  const ShownArm fist = arm(kFist), open = arm(kOpenHand);
  for (float share = 0; share <= 1; share += 0.01f) {
    const ShownArm shown = mix(fist, open, share);
    if (shown.gesture == kUnclear) continue;
    const auto& near_by = shown.gesture == kFist ? fist : open;
    for (int f = 0; f < 4; ++f) {
      for (int k = 0; k < 3; ++k) {
        EXPECT_NEAR(shown.arm.fingers.fingers[f].bend[k], near_by.arm.fingers.fingers[f].bend[k],
                    12);  // a tenth of 108 degrees, and the straight finger's few
      }
    }
  }
}

TEST(Unwound, IsTheSameDirectionNearTheGivenOne) {
  for (const float degrees : {-700.f, -181.f, -10.f, 0.f, 95.f, 269.f, 271.f}) {
    const Angles angles = unwound({degrees, 20, degrees}, 90, -60);
    EXPECT_LE(std::abs(angles.yaw - 90), 180);
    EXPECT_LE(std::abs(angles.roll + 60), 180);
    EXPECT_EQ(angles.pitch, 20);
    const auto same = rotation(angles), as_was = rotation({degrees, 20, degrees});
    EXPECT_LT(cv::norm(same - as_was), 1e-4);
  }
}

}  // namespace
}  // namespace manyfold::data::synthetic
