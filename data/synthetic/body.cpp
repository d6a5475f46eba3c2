#include "data/synthetic/body.h"

#include <algorithm>

namespace manyfold::data::synthetic {
namespace {

constexpr float kUpperArm = 4.7f, kForearm = 4.1f;

/// The elbow of an arm that reaches from the shoulder towards the wrist; moves a wrist that is out
/// of reach closer.
Vec3 elbow_of(const Vec3& shoulder, Vec3& wrist, const Vec3& pole) {
  const float most = 0.985f * (kUpperArm + kForearm);
  Vec3 way = wrist - shoulder;
  float span = length(way);
  if (span > most) {
    way *= most / span;
    span = most;
    wrist = shoulder + way;
  }
  span = std::max(span, 0.9f);
  const float along = (kUpperArm * kUpperArm - kForearm * kForearm + span * span) / (2 * span);
  const float aside = std::sqrt(std::max(0.f, kUpperArm * kUpperArm - along * along));
  const Vec3 axis = unit(way);
  const Vec3 out = unit(pole - axis * pole.dot(axis));
  return shoulder + axis * along + out * aside;
}

class BodyPainter {
 public:
  BodyPainter(Canvas& canvas, const BodyPose& pose, const BodyLook& look,
              const Placement& placement)
      : canvas_(canvas), pose_(pose), look_(look), place_(placement) {
    Random random(look.seed, Random::scene, 4);
    const auto pattern = [&] {
      return random.chance(0.5f) ? Pattern::plain : Pattern(random.below(int(Pattern::count)));
    };
    top_.texture = cloth(random, pattern(), look.top);
    bottom_.texture = cloth(random, random.chance(0.8f) ? Pattern::plain : pattern(), look.bottom);
    skin_ = plain(look.skin, 0.08f);
    repeat_ = random.uniform(3, 14);
  }

  DrawnHands draw_all(bool with_legs) {
    // What is in front comes first: the depth buffer then spares the work of what it hides.
    for (int side = 0; side < 2; ++side) arm(side);
    trunk();
    if (with_legs) legs();
    return std::move(drawn_);
  }

 private:
  void limb(const Vec3& a, float ra, const Vec3& b, float rb, const Material& material) {
    canvas_.cone(place_(a), ra, place_(b), rb, material, repeat_);
  }

  void trunk() {
    const float b = look_.build, s = look_.shoulders;
    limb({0, 0.9f, -0.45f}, 0.82f * look_.neck, {0, 2.5f, -0.75f}, 0.92f * look_.neck, skin_);
    std::vector<Ring> rings = {
        {{0, 1.9f, -0.75f}, 0.95f * look_.neck, 0.85f, 0.85f, 0},
        {{0, 2.3f, -0.75f}, 1.5f * s, 0.95f * b, 1.0f, 0.1f},
        {{0, 2.75f, -0.75f}, 2.35f * s, 1.1f * b, 1.15f, 0.25f},
        {{0, 3.25f, -0.75f}, 2.95f * s, 1.25f * b, 1.25f, 0.3f},
        {{0, 4.05f, -0.75f}, 3.0f * s * mix(1, b, 0.3f), 1.4f * b, 1.35f, 0.35f},
        {{0, 5.6f, -0.75f}, 2.6f * mix(s, b, 0.4f), 1.55f * b, 1.3f, 0.35f},
        {{0, 8.1f, -0.75f}, 2.25f * b, 1.45f * b, 1.1f, 0.3f},
        {{0, 10.4f, -0.75f}, 2.5f * b, 1.45f * b, 1.4f, 0.3f},
        {{0, 12.2f, -0.75f}, 2.55f * b, 1.35f * b, 1.4f, 0.3f}};
    const auto hips = loft({rings.end() - 3, rings.end()}, 25, repeat_);
    draw(canvas_, hips, place_, bottom_);
    // The upper garment is a little wider, and covers as much as it is long.
    while (rings.back().centre.y > look_.top_end + 0.1f && rings.size() > 7) rings.pop_back();
    for (auto& ring : rings) ring.half_width += 0.08f, ring.front += 0.08f;
    draw(canvas_, loft(rings, 29, repeat_), place_, top_);
    if (look_.collar) collar();
  }

  void collar() {
    // What shows in the opening of a jacket: a narrow piece that lies on the chest.
    const Material under = plain(look_.under);
    Grid piece(4, 5);
    for (int r = 0; r < 4; ++r) {
      const float t = r / 3.f, y = mix(2.05f, 5.8f, t);
      for (int c = 0; c < 5; ++c) {
        const float x = (c - 2) * 0.5f * mix(0.9f, 0.12f, t);
        piece(r, c).at = {x, y,
                          mix(0.18f, 0.93f * look_.build, std::sqrt(t)) + 0.15f - 0.1f * x * x};
      }
    }
    draw(canvas_, piece, place_, under, true);
  }

  void legs() {
    const float l = look_.leg_length, b = look_.build;
    const Material shoes = plain(look_.shoes, 0.2f);
    const bool bare = look_.legs != Legs::trousers;
    for (const float side : {-1.f, 1.f}) {
      const float ahead = side * pose_.stride;
      const Vec3 hip(1.2f * b * side, 12.0f, -0.75f);
      const Vec3 knee = hip + Vec3(0.1f * side, 6.8f * l, 1.8f * ahead + 1.5f * pose_.bent_knee);
      const Vec3 ankle = knee + Vec3(0.1f * side, 6.4f * l, 0.8f * ahead - 1.2f * pose_.bent_knee);
      limb(hip, 1.3f * b, knee, 0.82f * b, bare && look_.legs == Legs::skirt ? skin_ : bottom_);
      limb(knee, 0.80f * b, ankle, 0.5f * b, bare ? skin_ : bottom_);
      const Vec3 heel = ankle + Vec3(0, 0.75f, -0.2f);
      limb(heel, 0.5f, heel + Vec3(0.35f * side, 0.1f, 2.0f), 0.42f, shoes);
    }
    if (look_.legs == Legs::skirt) {
      const float end = look_.skirt_end, flare = 2.6f * b + 0.16f * (end - 12);
      draw(canvas_,
           loft({{{0, 9.8f, -0.75f}, 2.4f * b, 1.5f * b, 1.4f, 0.2f},
                 {{0, 12.f, -0.75f}, 2.75f * b, 1.6f * b, 1.6f, 0.2f},
                 {{0, end, -0.75f}, flare, 0.7f * flare, 0.7f * flare, 0}},
                25, repeat_),
           place_, bottom_, true);
    }
  }

  void arm(int which) {
    const float side = which == 0 ? -1 : 1, b = look_.build;
    const ArmPose& pose = pose_.arms[which];
    const Vec3 shoulder(2.45f * look_.shoulders * side, 3.5f, -0.75f);
    Vec3 wrist = pose.wrist;
    const Vec3 pole(side * pose.elbow_out, 1 - pose.elbow_out, -0.35f);
    const Vec3 elbow = elbow_of(shoulder, wrist, pole);
    limb(shoulder, 0.72f * b, elbow, 0.56f * b, top_);
    if (look_.long_sleeves) {
      limb(elbow, 0.56f * b, mix(elbow, wrist, 0.94f), 0.42f, top_);
    }
    limb(elbow, 0.5f * b, wrist, 0.34f, skin_);
    Placement hand{place_.turn * rotation(pose.hand), place_(wrist)};
    drawn_[which] =
        draw_hand(canvas_, pose.fingers, look_.hands, hand, look_.hand_size, which == 0);
  }

  Canvas& canvas_;
  const BodyPose& pose_;
  const BodyLook& look_;
  const Placement& place_;
  Material top_, bottom_, skin_;
  float repeat_ = 8;
  DrawnHands drawn_;
};

}  // namespace

DrawnHands draw_body(Canvas& canvas, const BodyPose& pose, const BodyLook& look,
                     const Placement& placement, bool with_legs) {
  return BodyPainter(canvas, pose, look, placement).draw_all(with_legs);
}

DrawnHands draw_hand_alone(Canvas& canvas, const ArmPose& arm, const BodyLook& look,
                           const Placement& placement, bool right, float sleeve_from) {
  DrawnHands drawn;
  Random random(look.seed, Random::scene, 4);
  Material sleeve;
  sleeve.texture = cloth(random, Pattern(random.below(int(Pattern::count))), look.top);
  const Placement hand{placement.turn * rotation(arm.hand), placement.move};
  const float size = look.hand_size;
  drawn[right ? 0 : 1] = draw_hand(canvas, arm.fingers, look.hands, hand, size, right);
  // The forearm leaves the wrist against the fingers, a little bent.
  const Vec3 way = unit(arm.wrist), elbow = placement.move + (hand.turn * way) * kForearm;
  const auto on_arm = [&](float t) { return mix(placement.move, elbow, t); };
  const float thin = 0.11f * size, thick = 0.17f * size * look.build;
  const Material skin = plain(look.hands.skin, 0.1f);
  canvas.cone(on_arm(0), thin, on_arm(2.5f), mix(thin, thick, 1.6f), skin);
  if (sleeve_from < 1) {
    canvas.cone(on_arm(sleeve_from), thin * 1.35f, on_arm(2.5f), mix(thin, thick, 1.9f), sleeve, 6);
  }
  return drawn;
}

}  // namespace manyfold::data::synthetic
