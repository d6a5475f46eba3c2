#include "data/synthetic/scene.h"

#include <algorithm>

namespace manyfold::data::synthetic {
namespace {

constexpr float kLeastPixels = 8;  // of a person, to be listed

cv::Rect2f box_around(const std::vector<cv::Point2f>& points) {
  cv::Point2f low = points.front(), high = low;
  for (const auto& p : points) {
    low = {std::min(low.x, p.x), std::min(low.y, p.y)};
    high = {std::max(high.x, p.x), std::max(high.y, p.y)};
  }
  return {low, high};
}

/// A person that was drawn, before it is known what hides it.
struct Drawn {
  ScenePerson labels;
  SeenPoints points;
  DrawnHands hands;
  float hand_size = 1;
  std::array<int, 2> gestures{};
};

SceneHand label_hand(const std::vector<Vec3>& joints, float size, const Canvas& canvas,
                     const Camera& camera) {
  SceneHand hand;
  std::vector<cv::Point2f> corners;
  for (const auto& joint : joints) {
    const auto seen = camera.see(joint);
    const float r = 0.045f * size * seen.scale;
    corners.push_back(seen.at - cv::Point2f(r, r));
    corners.push_back(seen.at + cv::Point2f(r, r));
    hand.shown += canvas.visible(joint, 0.3f * size) / float(joints.size());
  }
  hand.box = box_around(corners);
  return hand;
}

/// `whole` draws legs outside of the picture too.
Drawn draw_person(const PersonDescription& person, const Camera& camera, cv::Size size, bool whole,
                  Canvas& canvas) {
  Drawn drawn;
  drawn.gestures = person.gestures;
  drawn.hand_size = person.body_look.hand_size;
  const Vec3 pivot(0, 1.1f, -0.5f);
  const auto around_pivot = [&](const Angles& angles) {
    const Rotation turn = rotation(angles);
    return Placement{turn, person.at + pivot - turn * pivot};
  };
  const Head head(person.shape, person.expression);
  const Placement head_place = around_pivot(person.head);
  const auto eyes = camera.see(person.at);
  const bool with_legs = whole || eyes.at.y + 10.5f * eyes.scale < size.height;
  const float detail = person.detail > 0 ? person.detail : eyes.scale * Canvas::kScale;
  draw_head(canvas, head, person.head_look, head_place, detail);
  drawn.hands =
      draw_body(canvas, person.body, person.body_look, around_pivot(person.body.torso), with_legs);

  drawn.points = see_points(head, head_place, camera);
  auto& labels = drawn.labels;
  labels.landmarks.assign(drawn.points.at.begin(), drawn.points.at.end());
  labels.face = box_around(labels.landmarks);
  std::vector<cv::Point2f> around = labels.landmarks;
  for (const auto& p : head_corners(head, person.head_look))
    around.push_back(camera.see(head_place(p)).at);
  labels.head = box_around(around);
  return drawn;
}

/// Which points show; a mask hides what it covers though it follows the skin closely.
void label_points(Drawn& drawn, const PersonDescription& person, const Canvas& canvas) {
  const bool away =
      drawn.points.surface[30].z < 0.5f * (drawn.points.surface[0].z + drawn.points.surface[16].z);
  int seen = 0;
  for (int k = 0; k < 68; ++k) {
    // Jaw and brows lie below hair and beard; what is further in front than these hides a point.
    const float slack = k < 27 ? 0.35f : 0.1f;
    bool visible =
        !away && drawn.points.faces_camera[k] && canvas.visible(drawn.points.surface[k], slack);
    if (person.head_look.mask && ((k >= 2 && k <= 14) || (k >= 29 && k <= 35) || k >= 48))
      visible = false;
    drawn.labels.visible.push_back(visible);
    seen += visible;
  }
  drawn.labels.face_shown = seen / 68.f;
}

Drawn draw_hand_of(const HandDescription& hand, Canvas& canvas) {
  Drawn drawn;
  drawn.hands = draw_hand_alone(canvas, hand.arm, hand.look, {Rotation::eye(), hand.wrist},
                                hand.right, hand.sleeve_from);
  drawn.hand_size = hand.look.hand_size;
  drawn.gestures = {hand.gesture, hand.gesture};
  return drawn;
}

void label_hands(Drawn& drawn, const Canvas& canvas, const Camera& camera) {
  for (const int side : {0, 1}) {
    if (drawn.hands[side].empty()) continue;
    SceneHand hand = label_hand(drawn.hands[side], drawn.hand_size, canvas, camera);
    hand.gesture = drawn.gestures[side];
    hand.right = side == 0;
    if (hand.shown > 0.05f) drawn.labels.hands.push_back(hand);
  }
}

void draw_object(const ObjectDescription& object, Canvas& canvas) {
  Random random(object.seed, Random::scene, 8);
  Material material;
  material.texture = cloth(random, object.pattern, object.colour);
  material.gloss = 0.1f;
  canvas.cone(object.a, object.radius_a, object.b, object.radius_b, material, 6);
}

/// The gesture that shows; none if its hands are out of sight, unknown if they half are.
int gesture_of(const std::vector<ScenePerson>& people) {
  int gesture = kNone;
  float best = 0;
  for (const auto& person : people) {
    for (const auto& hand : person.hands) {
      if (hand.gesture == kNone || hand.shown <= best) continue;
      best = hand.shown;
      gesture = hand.gesture;
    }
  }
  return best > 0.75f ? gesture : best > 0.15f ? kUnclear : kNone;
}

/// Draws all that stands before the background; people come in order, a hand alone is the last.
std::vector<Drawn> draw_foreground(const SceneDescription& d, bool whole, Canvas& canvas) {
  canvas.set_owner(Canvas::kObject);
  for (const auto& object : d.objects) draw_object(object, canvas);
  std::vector<Drawn> drawn;
  const auto next_owner = [&] { canvas.set_owner(static_cast<uint8_t>(drawn.size() + 1)); };
  for (const auto& person : d.people) {
    next_owner();
    drawn.push_back(draw_person(person, d.camera, d.size, whole, canvas));
  }
  if (d.hand) {
    next_owner();
    drawn.push_back(draw_hand_of(*d.hand, canvas));
  }
  return drawn;
}

/// Labels what was drawn, and puts the background behind it.
Scene finish(const SceneDescription& d, std::vector<Drawn> drawn, Canvas& canvas) {
  Scene scene;
  // Only now is it known who hides whom.
  const auto shown = canvas.shown(static_cast<int>(drawn.size()));
  for (size_t i = 0; i < drawn.size(); ++i) {
    if (shown[i].pixels < kLeastPixels) continue;
    drawn[i].labels.body = shown[i].box;
    if (i < d.people.size()) label_points(drawn[i], d.people[i], canvas);
    label_hands(drawn[i], canvas, d.camera);
    scene.people.push_back(std::move(drawn[i].labels));
  }
  scene.gesture = gesture_of(scene.people);

  scene.picture = draw_background(d.background, d.size);
  if (d.folds > 0 && !drawn.empty()) {
    const Vec3& nearest = d.hand ? d.hand->wrist : d.people.front().at;
    const float radius = d.fold_radius > 0 ? d.fold_radius : 0.22f * d.camera.see(nearest).scale;
    canvas.darken_folds(std::max(1.f, radius), 0.7f, d.folds);
  }
  scene.person_mask = canvas.blend_over(scene.picture);
  photograph(scene.picture, d.lens);
  return scene;
}

}  // namespace

Scene draw(const SceneDescription& d) {
  Canvas canvas(d.size.width, d.size.height, d.camera, d.light);
  return finish(d, draw_foreground(d, /*whole=*/false, canvas), canvas);
}

struct MovingScene::Moment {
  explicit Moment(const SceneDescription& d)
      : canvas(d.size.width, d.size.height, d.camera, d.light), background(d.background) {
    canvas.record(trail);
  }
  Trail trail;
  Canvas canvas;
  Background background;
};

MovingScene::MovingScene() = default;
MovingScene::~MovingScene() = default;
MovingScene::MovingScene(MovingScene&&) noexcept = default;
MovingScene& MovingScene::operator=(MovingScene&&) noexcept = default;

Scene MovingScene::next(const SceneDescription& d) {
  auto now = std::make_unique<Moment>(d);
  if (last_) now->canvas.follow(last_->trail);
  // Frames must draw the same surfaces, or a trail cannot be followed.
  auto scene = finish(d, draw_foreground(d, /*whole=*/true, now->canvas), now->canvas);
  if (last_) {
    motion_ =
        now->canvas.motion_from(last_->canvas, synthetic::motion(d.background, last_->background));
  }
  last_ = std::move(now);
  return scene;
}

Scene render(uint64_t seed, uint64_t index, const SceneOptions& options) {
  return draw(describe(seed, index, options));
}

}  // namespace manyfold::data::synthetic
