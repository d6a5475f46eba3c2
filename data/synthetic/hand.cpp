#include "data/synthetic/hand.h"

#include "data/synthetic/grid.h"

namespace manyfold::data::synthetic {
namespace {

std::array<Vec3, 4> knuckles() {
  return {Vec3(0.165f, -0.50f, 0), Vec3(0.058f, -0.525f, 0), Vec3(-0.053f, -0.505f, 0),
          Vec3(-0.155f, -0.45f, 0)};
}
constexpr float kBones[4][3] = {{0.215f, 0.125f, 0.10f},
                                {0.24f, 0.145f, 0.105f},
                                {0.225f, 0.135f, 0.105f},
                                {0.17f, 0.10f, 0.09f}};
constexpr float kRadius[4][4] = {{.054f, .047f, .042f, .034f},
                                 {.055f, .048f, .043f, .035f},
                                 {.052f, .046f, .041f, .033f},
                                 {.046f, .040f, .036f, .030f}};

enum class Bend { straight, relaxed, curled, ring };

HandPose::Finger finger(Bend bend, Random& r) {
  switch (bend) {
    case Bend::straight:
      return {{r.uniform(-8, 14), r.uniform(0, 14), r.uniform(0, 10)}, 0};
    case Bend::relaxed:
      return {{r.uniform(10, 60), r.uniform(15, 65), r.uniform(5, 40)}, 0};
    case Bend::ring:
      return {{r.uniform(42, 56), r.uniform(50, 64), r.uniform(20, 38)}, 0};
    case Bend::curled:
      break;
  }
  return {{r.uniform(72, 95), r.uniform(85, 108), r.uniform(40, 70)}, 0};
}

/// Bends of the index, middle, ring and little finger, as a word: s(traight), c(urled), r(ing).
void set_fingers(HandPose& pose, const char* word, Random& random) {
  for (int f = 0; f < 4; ++f) {
    const Bend bend = word[f] == 's'   ? Bend::straight
                      : word[f] == 'c' ? Bend::curled
                      : word[f] == 'o' ? Bend::ring
                                       : Bend::relaxed;
    pose.fingers[f] = finger(bend, random);
  }
}

void thumb_out(HandPose& pose, Random& r) {
  const float up = r.uniform(0.0f, 0.14f), ahead = r.uniform(0, 0.08f);
  pose.thumb = {Vec3(0.26f, -0.26f, 0.05f), Vec3(0.40f, -0.37f - up, 0.06f + ahead),
                Vec3(0.50f, -0.46f - 1.7f * up, 0.07f + ahead)};
}
void thumb_across(HandPose& pose, Random& r, float height) {
  const float reach = r.uniform(-0.06f, 0.1f), ahead = r.uniform(0.13f, 0.18f);
  pose.thumb = {Vec3(0.22f, -0.24f, 0.09f), Vec3(0.14f + 0.5f * reach, height + 0.06f, ahead),
                Vec3(-0.01f + reach, height, ahead + 0.01f)};
}
void thumb_beside(HandPose& pose, Random& r) {
  const float x = r.uniform(0.2f, 0.27f);
  pose.thumb = {Vec3(0.24f, -0.24f, 0.06f), Vec3(x + 0.02f, -0.40f, 0.09f), Vec3(x, -0.54f, 0.09f)};
}
/// The thumb's tip meets a finger's.
void thumb_to(HandPose& pose, int finger, Vec3 offset) {
  const Vec3 tip = hand_joints(pose)[finger + 1][3] + offset;
  const Vec3 base(0.235f, -0.24f, 0.09f);
  pose.thumb = {base, mix(base, tip, 0.55f) + Vec3(0.05f, 0.02f, 0.03f), tip};
}
void fan(HandPose& pose, float degrees) {
  constexpr float kFan[4] = {1, 0.25f, -0.5f, -1.3f};
  for (int f = 0; f < 4; ++f) pose.fingers[f].spread = degrees * kFan[f];
}

}  // namespace

const std::vector<std::string>& gesture_names() {
  static const std::vector<std::string> names = {"none",    "fist", "index_up",   "victory",
                                                 "three",   "four", "open_hand",  "thumb_up",
                                                 "ok_ring", "call", "i_love_you", "pinch"};
  return names;
}

HandPose hand_pose(int gesture, Random& r) {
  HandPose pose;
  pose.finger_length = r.uniform(0.9f, 1.1f);
  pose.width = r.uniform(0.9f, 1.12f);
  pose.thickness = r.uniform(0.88f, 1.15f);
  return hand_pose(gesture, pose, r);
}

HandPose hand_pose(int gesture, const HandPose& hand, Random& r) {
  HandPose pose = hand;
  const float spread = r.uniform(2, 13);
  switch (gesture) {
    case kFist:
      set_fingers(pose, "cccc", r);
      thumb_across(pose, r, -0.38f);
      break;
    case kIndexUp:
      set_fingers(pose, "sccc", r);
      thumb_across(pose, r, -0.36f);
      break;
    case kVictory:
      set_fingers(pose, "sscc", r);
      pose.fingers[0].spread = r.uniform(3, 16);
      pose.fingers[1].spread = -r.uniform(1, 12);
      thumb_across(pose, r, -0.36f);
      break;
    case kThree:
      if (r.chance(0.5f)) {
        set_fingers(pose, "sssc", r);
        fan(pose, spread);
        r.chance(0.5f) ? thumb_to(pose, 3, {0.02f, 0.02f, 0.05f}) : thumb_across(pose, r, -0.34f);
      } else {
        set_fingers(pose, "sscc", r);
        fan(pose, spread);
        thumb_out(pose, r);
      }
      break;
    case kFour:
      set_fingers(pose, "ssss", r);
      fan(pose, spread);
      thumb_across(pose, r, -0.32f);
      break;
    case kOpenHand:
      set_fingers(pose, "ssss", r);
      fan(pose, r.uniform(-1, 15));
      r.chance(0.75f) ? thumb_out(pose, r) : thumb_beside(pose, r);
      break;
    case kThumbUp:
      set_fingers(pose, "cccc", r);
      thumb_out(pose, r);
      pose.thumb = {Vec3(0.25f, -0.24f, 0.06f), Vec3(0.42f, -0.27f, 0.08f),
                    Vec3(0.56f, -0.26f + r.uniform(-0.08f, 0.06f), 0.08f)};
      break;
    case kOkRing:
      set_fingers(pose, "osss", r);
      fan(pose, spread);
      thumb_to(pose, 0, {0.01f, 0.03f, 0.03f});
      break;
    case kCall:
      set_fingers(pose, "cccs", r);
      pose.fingers[3].spread = -r.uniform(5, 35);
      thumb_out(pose, r);
      break;
    case kILoveYou:
      set_fingers(pose, "sccs", r);
      pose.fingers[0].spread = r.uniform(0, 10);
      pose.fingers[3].spread = -r.uniform(3, 18);
      thumb_out(pose, r);
      break;
    case kPinch: {
      set_fingers(pose, "occc", r);
      const float gap = r.uniform(0.02f, 0.16f);
      thumb_to(pose, 0, {0.03f, 0.03f + gap, 0.03f + 0.4f * gap});
      break;
    }
    default:
      set_fingers(pose, "rrrr", r);
      fan(pose, r.uniform(-2, 4));
      thumb_beside(pose, r);
  }
  for (auto& joint : pose.thumb) joint += Vec3(r.normal(), r.normal(), r.normal()) * 0.008f;
  for (auto& f : pose.fingers) f.spread += 1.5f * r.normal();
  return pose;
}

HandPose mix(const HandPose& a, const HandPose& b, float t) {
  HandPose pose = a;
  for (int f = 0; f < 4; ++f) {
    auto& finger = pose.fingers[f];
    for (int k = 0; k < 3; ++k) finger.bend[k] = mix(finger.bend[k], b.fingers[f].bend[k], t);
    finger.spread = mix(finger.spread, b.fingers[f].spread, t);
  }
  for (int k = 0; k < 3; ++k) pose.thumb[k] = mix(a.thumb[k], b.thumb[k], t);
  return pose;
}

HandJoints hand_joints(const HandPose& pose) {
  HandJoints joints;
  joints[0] = {Vec3(0.1f, -0.1f, 0.03f), pose.thumb[0], pose.thumb[1], pose.thumb[2]};
  for (int f = 0; f < 4; ++f) {
    const auto& finger = pose.fingers[f];
    auto& chain = joints[f + 1];
    chain[0] = knuckles()[f];
    const float side = radians(finger.spread);
    float bent = 0;
    for (int k = 0; k < 3; ++k) {
      bent += radians(finger.bend[k]);
      const float up = std::cos(bent), ahead = std::sin(bent);
      // A curled finger folds straight down: spreading fades with the bend of the knuckle.
      const float fade = std::max(0.f, std::cos(radians(finger.bend[0])));
      const Vec3 way(std::sin(side * fade) * up, -std::cos(side * fade) * up, ahead);
      chain[k + 1] = chain[k] + way * (kBones[f][k] * pose.finger_length);
    }
  }
  for (auto& chain : joints) {
    for (auto& p : chain) p.x *= pose.width;
  }
  return joints;
}

std::vector<Vec3> draw_hand(Canvas& canvas, const HandPose& pose, const HandLook& look,
                            const Placement& placement, float size, bool right) {
  const auto place = [&](Vec3 p) {
    if (!right) p.x = -p.x;
    return placement(p * size);
  };
  const auto joints = hand_joints(pose);
  const Material skin = plain(look.skin, 0.1f), nail = plain(look.nails, 0.35f);
  const Material tip_skin = plain(mix(look.skin, {205, 105, 95}, 0.15f), 0.1f);
  const float thick = size * pose.thickness;

  std::vector<Ring> rings;
  const float w = pose.width;
  const auto ring = [&](float x, float y, float half, float front, float back, float square) {
    rings.push_back({Vec3((right ? x : -x) * w, y, 0) * size, half * size * w, front * thick,
                     back * thick, square});
  };
  ring(0.00f, 0.05f, 0.115f, 0.075f, 0.07f, 0.2f);
  ring(0.01f, -0.05f, 0.125f, 0.085f, 0.07f, 0.3f);
  ring(0.02f, -0.16f, 0.175f, 0.10f, 0.065f, 0.4f);
  ring(0.02f, -0.28f, 0.205f, 0.095f, 0.065f, 0.5f);
  ring(0.01f, -0.40f, 0.215f, 0.08f, 0.062f, 0.5f);
  ring(0.00f, -0.48f, 0.205f, 0.065f, 0.06f, 0.45f);
  ring(0.01f, -0.535f, 0.13f, 0.03f, 0.03f, 0.2f);
  // The wrist is the lowest ring: turned over, so that rows go down.
  draw(canvas, loft({rings.rbegin(), rings.rend()}, 21, 4), placement, skin);

  std::vector<Vec3> placed;
  for (int f = 0; f < 5; ++f) {
    constexpr float kThumb[4] = {.085f, .068f, .052f, .04f};
    const float* const radius = f == 0 ? kThumb : kRadius[f - 1];
    for (int k = 0; k < 4; ++k) placed.push_back(place(joints[f][k]));
    for (int k = 0; k < 3; ++k) {
      canvas.cone(place(joints[f][k]), radius[k] * thick, place(joints[f][k + 1]),
                  radius[k + 1] * thick, k == 2 ? tip_skin : skin);
    }
    // The nail lies on the back of the last bone.
    const Vec3 along = unit(joints[f][3] - joints[f][2]);
    Vec3 back = f == 0 ? unit(Vec3(1, 0, -0.7f)) : Vec3(0, 0, -1);
    back = unit(back - along * back.dot(along));
    const Vec3 at = joints[f][3] + back * (0.5f * radius[3]);
    canvas.cone(place(at + along * 0.012f), 0.62f * radius[3] * thick, place(at - along * 0.025f),
                0.62f * radius[3] * thick, nail);
  }
  return placed;
}

}  // namespace manyfold::data::synthetic
