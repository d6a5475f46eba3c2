#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "data/synthetic/background.h"
#include "data/synthetic/body.h"
#include "data/synthetic/head_draw.h"
#include "data/synthetic/lens.h"
#include "data/synthetic/options.h"

namespace manyfold::data::synthetic {

/// One person: looks that stay, and a pose that may move.
struct PersonDescription {
  FaceShape shape;
  HeadLook head_look;
  BodyLook body_look;
  /// Samples per eye distance that surfaces are made for; 0: as many as the pose shows. A clip sets
  /// it, so that paint and triangles stay the same while a person comes closer.
  float detail = 0;

  Vec3 at;      // the place between the eyes of the upright head, for the camera
  Angles head;  // around the base of the skull
  Expression expression;
  BodyPose body;
  /// What the person's right and left hand show; `kNone` for hands that rest, `kUnclear` between.
  std::array<int, 2> gestures{};
};

/// A hand close to the camera, with its forearm.
struct HandDescription {
  Vec3 wrist;
  ArmPose arm;  // arm.wrist: the direction of the forearm, in the axes of the hand
  BodyLook look;
  bool right = true;
  float sleeve_from = 1;  // where cloth begins, from the wrist (0) to the elbow (1)
  int gesture = kNone;
};

/// An object in front: a round bar, ball or edge.
struct ObjectDescription {
  Vec3 a, b;
  float radius_a = 1, radius_b = 1;
  Colour colour;
  Pattern pattern = Pattern::plain;
  uint64_t seed = 0;
};

/// Everything that `draw` needs. All randomness is spent: what is left are seeds of textures.
/// Poses, places, light and lens may be interpolated for a clip.
struct SceneDescription {
  cv::Size size;
  Camera camera;
  Light light;
  Background background;
  Lens lens;
  float folds = 0.4f;     // how dark folds are
  float fold_radius = 0;  // pixels; 0: by the size of what is drawn
  std::vector<PersonDescription> people;
  std::optional<HandDescription> hand;
  std::vector<ObjectDescription> objects;
};

/// Picture `index` of the endless set that `seed` and `options` name. A pure function; the
/// `options` are those that `SceneOptions::fields` accepts.
SceneDescription describe(uint64_t seed, uint64_t index, const SceneOptions& options);

}  // namespace manyfold::data::synthetic
