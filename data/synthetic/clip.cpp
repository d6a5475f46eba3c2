#include "data/synthetic/clip.h"

#include <algorithm>

#include "data/synthetic/canvas.h"

namespace manyfold::data::synthetic {
namespace {

/// Streams of one clip, beside those of its picture; and of its lens.
enum Slot : uint32_t { kCamera = 64, kLight, kPassing, kHand, kNoise, kFirstPerson = 128 };

/// Something that is nearer than everybody: a post, or something small that is carried past.
PassingObject choose_passing(const SceneDescription& scene, Random& r) {
  float near_by = scene.hand ? -0.8f * scene.hand->wrist.z : 12;
  for (const auto& person : scene.people) near_by = std::min(near_by, -person.at.z);
  if (!scene.people.empty()) near_by = std::max(2.5f, near_by - r.uniform(3.5f, 5));
  const float scale = scene.camera.focal / near_by;
  const float w = float(scene.size.width), h = float(scene.size.height), shorter = std::min(w, h);
  PassingObject passing;
  auto& object = passing.object;
  object.colour = any_colour(r);
  object.pattern = Pattern(r.below(uint32_t(Pattern::count)));
  object.seed = seed_from(r);
  const bool post = r.chance(0.4f);
  const float thick = shorter * (post ? r.uniform(0.03f, 0.1f) : r.uniform(0.05f, 0.16f));
  const float y = post ? -0.5f * h : h * r.uniform(0.2f, 0.9f);
  const float slant = r.uniform(-0.15f, 0.15f) * w, tall = post ? 2 * h : r.uniform(0, 0.3f) * h;
  const float beside = thick + std::abs(slant) + 0.05f * w;
  object.a = scene.camera.point({-beside, y}, scale);
  object.b = scene.camera.point({-beside + slant, y + tall}, scale);
  object.radius_a = object.radius_b = thick / scale;
  passing.way = scene.camera.point({w + beside, y}, scale) - object.a;
  passing.turns = Turns(r.uniform(2, 4), 0.6f, 1.8f, r);
  return passing;
}

ObjectDescription object_at(const PassingObject& passing, double seconds) {
  ObjectDescription object = passing.object;
  const auto moment = passing.turns.at(seconds);
  const Vec3 gone = passing.way * (moment.number % 2 == 0 ? moment.share : 1 - moment.share);
  object.a += gone, object.b += gone;
  return object;
}

/// What follows from the size on the picture must not change when somebody comes closer.
void fix_details(SceneDescription& scene) {
  for (auto& person : scene.people) {
    person.detail = 1.1f * Canvas::kScale * scene.camera.see(person.at).scale;
  }
  if (scene.people.empty() && !scene.hand) return;
  const Vec3& nearest = scene.hand ? scene.hand->wrist : scene.people.front().at;
  scene.fold_radius = std::max(1.f, 0.22f * scene.camera.see(nearest).scale);
}

}  // namespace

ClipDescription describe_clip(uint64_t seed, uint64_t index, const SceneOptions& scenes,
                              const ClipOptions& options) {
  const auto random = [&](uint32_t slot) { return Random(seed, Random::scene, index, slot); };
  ClipDescription clip;
  clip.pace = float(options.pace);
  auto& scene = clip.scene = describe(seed, index, scenes);
  fix_details(scene);
  Random camera = random(kCamera), light = random(kLight), hand = random(kHand);
  clip.camera = choose_camera_motion(scene.size, options, camera);
  clip.light = choose_light_motion(float(scenes.harshness), options, light);
  clip.hand = choose_hand_motion(scenes, hand);
  for (uint32_t i = 0; i < scene.people.size(); ++i) {
    Random person = random(kFirstPerson + i);
    clip.people.push_back(
        choose_motion(scene.people[i], scene.camera, scene.size, scenes, options, person));
  }
  Random passing = random(kPassing);
  if (passing.chance(float(options.passing_share))) clip.passing = choose_passing(scene, passing);
  paint_surroundings(scene, clip.camera);
  return clip;
}

SceneDescription at(const ClipDescription& clip, int64_t frame) {
  SceneDescription scene = clip.scene;
  const double seconds = static_cast<double>(frame) / kFramesPerSecond, lived = clip.pace * seconds;
  const auto& camera = clip.scene.camera;
  for (size_t i = 0; i < scene.people.size(); ++i) {
    move(scene.people[i], clip.people[i], camera, scene.size, lived);
  }
  if (scene.hand) move(*scene.hand, clip.hand, camera, scene.size, lived);
  if (clip.passing) scene.objects.push_back(object_at(*clip.passing, lived));
  move_camera(scene, clip.camera, seconds);
  move_light(scene, clip.light, seconds);
  Random noise(scene.lens.seed, Random::scene, static_cast<uint64_t>(frame), kNoise);
  scene.lens.seed = seed_from(noise);
  return scene;
}

Scene draw_frame(const ClipDescription& clip, int64_t frame) { return draw(at(clip, frame)); }

}  // namespace manyfold::data::synthetic
