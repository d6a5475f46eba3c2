#include "data/synthetic/hand.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace manyfold::data::synthetic {
namespace {

/// From the index to the little finger: 1 where the tip is well above the knuckle.
std::string raised(const HandJoints& joints) {
  std::string word;
  for (int f = 1; f < 5; ++f) word += joints[f][3].y < joints[f][0].y - 0.2f ? '1' : '0';
  return word;
}

TEST(Hand, RaisesTheFingersOfItsGesture) {
  const std::map<int, std::string> expected = {
      {kFist, "0000"},     {kIndexUp, "1000"}, {kVictory, "1100"}, {kFour, "1111"},
      {kOpenHand, "1111"}, {kThumbUp, "0000"}, {kOkRing, "0111"},  {kCall, "0001"},
      {kILoveYou, "1001"}, {kPinch, "0000"}};
  for (uint64_t i = 0; i < 50; ++i) {
    Random random(i, Random::scene);
    for (const auto& [gesture, word] : expected) {
      EXPECT_EQ(raised(hand_joints(hand_pose(gesture, random))), word) << gesture_names()[gesture];
    }
  }
}

TEST(Hand, ThumbStandsOutOnlyInGesturesThatNeedIt) {
  const auto reach = [](int gesture, uint64_t seed) {
    Random random(seed, Random::scene);
    return hand_pose(gesture, random).thumb[2].x;
  };
  for (uint64_t i = 0; i < 50; ++i) {
    for (const int gesture : {kThumbUp, kCall, kILoveYou}) EXPECT_GT(reach(gesture, i), 0.4f);
    for (const int gesture : {kFist, kIndexUp, kVictory, kFour}) EXPECT_LT(reach(gesture, i), 0.2f);
  }
}

TEST(Hand, RingClosesBetweenThumbAndIndex) {
  for (uint64_t i = 0; i < 50; ++i) {
    Random random(i, Random::scene);
    const auto joints = hand_joints(hand_pose(kOkRing, random));
    EXPECT_LT(length(joints[0][3] - joints[1][3]), 0.12f);
  }
}

TEST(Hand, IsAsLongAsItsMiddleFingerReaches) {
  Random random(1, Random::scene);
  auto pose = hand_pose(kOpenHand, random);
  pose.finger_length = 1;
  for (auto& finger : pose.fingers) finger = {};
  EXPECT_NEAR(hand_joints(pose)[2][3].y, -1.015, 0.01);
}

TEST(Hand, NamesEveryGestureOnce) {
  EXPECT_EQ(gesture_names().size(), size_t(kGestures));
  EXPECT_EQ(gesture_names()[kThumbUp], "thumb_up");
  EXPECT_EQ(gesture_names()[kILoveYou], "i_love_you");
  EXPECT_EQ(std::set<std::string>(gesture_names().begin(), gesture_names().end()).size(),
            size_t(kGestures));
}

}  // namespace
}  // namespace manyfold::data::synthetic
