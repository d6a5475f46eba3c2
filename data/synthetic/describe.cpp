#include <algorithm>

#include "data/synthetic/description.h"
#include "data/synthetic/looks.h"
#include "data/synthetic/poses.h"

namespace manyfold::data::synthetic {
namespace {

constexpr float kFaceHeight = 2.17f;    // brow to chin
constexpr float kPersonHeight = 27.5f;  // crown to sole
constexpr float kOverEyes = 2.1f;       // of it, above the eyes

/// Streams of one picture.
enum Slot : uint32_t { kLayout, kSurroundings, kFirstPerson = 16 };

class Describer {
 public:
  Describer(uint64_t seed, uint64_t index, const SceneOptions& options)
      : options_(options),
        seed_(seed),
        index_(index),
        random_(seed, Random::scene, index, kLayout) {
    const auto [height, width] = options.picture_size;
    scene_.size = cv::Size(int(width), int(height));
    scene_.camera.centre = cv::Point2f(0.5f * width, 0.5f * height);
    shorter_ = float(std::min(width, height));
  }

  SceneDescription describe() {
    const float kind = random_.uniform();
    if (kind < options_.hand_share) {
      hand_close_up();
    } else if (kind >= options_.hand_share + options_.empty_share) {
      people();
    }
    surroundings();
    return std::move(scene_);
  }

 private:
  void hand_close_up() {
    Random& r = random_;
    HandDescription hand;
    hand.look = choose_body_look(skin_colour(r), r);
    hand.right = r.chance(0.5f);
    hand.gesture = static_cast<int>(r.below(kGestures));
    hand.arm.fingers = hand_pose(hand.gesture, r);
    hand.arm.hand = hand_angles(hand.gesture, hand.right, 0.5f * float(options_.max_hand_roll),
                                float(options_.max_hand_roll), r);
    hand.arm.wrist = {0.25f * r.normal(), 1, 0.2f * r.normal()};
    hand.sleeve_from = r.chance(0.5f) ? r.uniform(0.12f, 1.2f) : 2;
    // So large that its longer side is what was drawn, wherever its fingers point.
    const auto [low, high] = hand_extent(hand);
    const float side = 0.1f * hand.look.hand_size + std::max(high.x - low.x, high.y - low.y);
    const float scale = r.uniform(0.42f, 0.88f) * shorter_ / side;
    scene_.camera.focal = scale * r.uniform(8, 18);
    const cv::Point2f centre(scene_.size.width * r.uniform(0.4f, 0.6f),
                             scene_.size.height * r.uniform(0.4f, 0.6f));
    hand.wrist = scene_.camera.point(centre, scale) - (low + high) * 0.5f;
    scene_.hand = hand;
  }

  void people() {
    Random& r = random_;
    const float kind = r.uniform();
    const float w = float(scene_.size.width), h = float(scene_.size.height);
    scene_.camera.set_roll(bell(3.5f, 10, r));
    struct Place {
      cv::Point2f eyes;
      float scale;
    };
    std::vector<Place> places;
    bool may_turn_away = true;
    if (kind < options_.group_share && options_.max_people > 1) {
      const int count = 2 + static_cast<int>(r.below(uint32_t(options_.max_people - 1)));
      const float common = std::exp(r.uniform(std::log(0.045f), std::log(0.26f)));
      const float level = r.uniform(0.2f, 0.5f);
      for (int i = 0; i < count; ++i) {
        const float face = std::min(0.4f, common * std::exp(0.3f * r.normal()));
        places.push_back({{w * ((i + 0.5f) / count + r.uniform(-0.6f, 0.6f) / count),
                           h * (level + r.uniform(-0.13f, 0.13f))},
                          face * shorter_ / kFaceHeight});
      }
    } else if (kind < options_.group_share + options_.full_body_share) {
      const float scale = r.uniform(0.5f, 1.02f) * h / kPersonHeight;
      const float top = r.uniform(0, std::max(0.02f, 1.02f - scale * kPersonHeight / h));
      places.push_back({{w * r.uniform(0.25f, 0.75f), h * top + kOverEyes * scale}, scale});
    } else {
      // From far to a face that fills the picture.
      const float face = std::exp(r.uniform(std::log(0.11f), std::log(0.78f)));
      const float free = std::max(0.02f, 0.5f - 0.55f * face);
      const float eyes = 0.5f - 0.3f * face;
      places.push_back({{w * (0.5f + r.uniform(-free, free)),
                         h * std::clamp(eyes + r.uniform(-0.6f, 0.6f) * free, 0.12f, 0.7f)},
                        face * shorter_ / kFaceHeight});
      may_turn_away = false;
    }
    float largest = 0;
    for (const auto& place : places) largest = std::max(largest, place.scale);
    scene_.camera.focal = std::max(r.uniform(0.9f, 1.5f) * w, r.uniform(7.5f, 14) * largest);
    // Beside a face that fills the picture there is no room for a hand.
    const bool room = kFaceHeight * places.front().scale < 0.42f * shorter_;
    const bool gesture = r.chance(float(options_.gesture_share)) && (room || r.chance(0.1f));
    for (size_t i = 0; i < places.size(); ++i) {
      add_person(scene_.camera.point(places[i].eyes, places[i].scale), uint32_t(i),
                 gesture && i == 0, may_turn_away);
    }
  }

  void add_person(const Vec3& at, uint32_t number, bool gesture, bool may_turn_away) {
    Random r(seed_, Random::scene, index_, kFirstPerson + number);
    PersonDescription p;
    p.at = at;
    choose_looks(p, options_, r);
    p.expression = choose_expression(r);
    const bool away = may_turn_away && !gesture && r.chance(0.07f);
    p.head.yaw = bell(0.45f * float(options_.max_yaw), float(options_.max_yaw), r);
    p.head.pitch = bell(0.4f * float(options_.max_pitch), float(options_.max_pitch), r);
    p.head.roll = bell(0.35f * float(options_.max_roll), float(options_.max_roll), r);
    p.body.torso = {0.5f * p.head.yaw + bell(16, 40, r), bell(4, 10, r), bell(5, 14, r)};
    if (away) p.head.yaw += 180, p.body.torso.yaw += 180;
    p.body.stride = bell(0.4f, 1, r), p.body.bent_knee = std::abs(bell(0.25f, 1, r));
    const int shown = gesture ? 1 + static_cast<int>(r.below(kGestures - 1)) : kNone;
    const bool first_right = r.chance(0.5f), both = r.chance(0.2f);
    for (const int side : {0, 1}) {
      const bool shows = gesture && (both || (side == 0) == first_right);
      auto& arm = p.body.arms[side];
      p.gestures[side] = shows ? shown : kNone;
      arm.fingers = hand_pose(p.gestures[side], r);
      if (shows) {
        raise_arm(arm, side, shown, p, scene_.camera, scene_.size, r);
      } else {
        rest_arm(arm, side, r);
      }
    }
    scene_.people.push_back(p);
  }

  void surroundings() {
    Random r(seed_, Random::scene, index_, kSurroundings);
    const float harshness = float(options_.harshness);
    scene_.light = choose_light(harshness, r);
    scene_.folds = r.uniform(0.15f, 0.6f);
    const float pixel = shorter_ / 160;
    scene_.background.kind = Background::Kind(r.below(Background::kKinds));
    scene_.background.defocus = r.chance(0.5f) ? pixel * r.uniform(0.5f, 5) : 0;
    scene_.background.seed = uint64_t(r()) << 32 | r();
    scene_.lens = choose_lens(scene_.size, harshness, r);
    if (r.chance(float(options_.occluder_share))) objects(r);
  }

  void objects(Random& r) {
    const float near_by = scene_.people.empty() && !scene_.hand ? 12.f
                          : scene_.hand
                              ? -scene_.hand->wrist.z * 0.85f
                              : std::max(2.5f, -scene_.people.front().at.z - r.uniform(2.2f, 5));
    const float scale = scene_.camera.focal / near_by;
    const float w = float(scene_.size.width), h = float(scene_.size.height);
    const int count = 1 + static_cast<int>(r.below(2));
    for (int i = 0; i < count; ++i) {
      ObjectDescription o;
      o.colour = any_colour(r);
      o.pattern = Pattern(r.below(uint32_t(Pattern::count)));
      o.seed = uint64_t(r()) << 32 | r();
      const float kind = r.uniform();
      cv::Point2f from, to;
      float thick = r.uniform(0.01f, 0.06f) * shorter_;
      if (kind < 0.35f) {  // the edge of a table, a screen, a chair
        thick = r.uniform(0.1f, 0.5f) * h;
        const float y = h * r.uniform(0.72f, 0.95f) + thick;
        from = {r.uniform(-0.3f, 0.6f) * w, y},
        to = {r.uniform(0.4f, 1.4f) * w, y + r.uniform(-0.06f, 0.06f) * h};
      } else if (kind < 0.6f) {  // a post or a bar
        from = {r.uniform(0, 1) * w, -0.1f * h},
        to = {from.x + r.uniform(-0.2f, 0.2f) * w, 1.1f * h};
        thick *= 0.7f;
      } else {  // something small: a microphone, a cup, a telephone
        from = {r.uniform(0.1f, 0.9f) * w, r.uniform(0.3f, 1) * h};
        to = from + cv::Point2f(r.uniform(-0.2f, 0.2f) * w, r.uniform(0, 0.5f) * h);
      }
      o.a = scene_.camera.point(from, scale), o.b = scene_.camera.point(to, scale);
      o.radius_a = thick / scale, o.radius_b = o.radius_a * r.uniform(0.5f, 1.2f);
      scene_.objects.push_back(o);
    }
  }

  const SceneOptions& options_;
  const uint64_t seed_, index_;
  Random random_;
  float shorter_;
  SceneDescription scene_;
};

}  // namespace

SceneDescription describe(uint64_t seed, uint64_t index, const SceneOptions& options) {
  return Describer(seed, index, options).describe();
}

}  // namespace manyfold::data::synthetic
