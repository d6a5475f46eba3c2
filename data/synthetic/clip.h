#pragma once

#include "data/synthetic/camera_motion.h"
#include "data/synthetic/hand_motion.h"
#include "data/synthetic/person_motion.h"
#include "data/synthetic/scene.h"

namespace manyfold::data::synthetic {

/// An object that passes in front of everybody, to and fro.
struct PassingObject {
  ObjectDescription object;  // on its left end
  Vec3 way;                  // from there to its right end
  Turns turns;
};

/// An endless clip of `kFramesPerSecond`: who and what it shows, and how that moves. All randomness
/// is spent.
struct ClipDescription {
  /// What stays: looks, textures, size, the camera's first place. Its background is painted.
  SceneDescription scene;
  CameraMotion camera;
  LightMotion light;
  std::vector<PersonMotion> people;  // of scene.people
  HandMotion hand;                   // of scene.hand, if there is one
  std::optional<PassingObject> passing;
  float pace = 1;
};

/// Clip `index` of the endless set that `seed` and the options name; it shows who and what picture
/// `index` of `describe` shows. A pure function.
///
/// The camera is far from everything: a shift or turn moves the whole picture, people included. For
/// that the background is painted with a margin, once, and each frame cuts its window from it.
ClipDescription describe_clip(uint64_t seed, uint64_t index, const SceneOptions& scenes,
                              const ClipOptions& options);

/// Frame `frame` of the clip, any number: before 0 too, and as late as one likes. A pure function,
/// which costs the same for each. Noise differs from frame to frame.
SceneDescription at(const ClipDescription& clip, int64_t frame);
Scene draw_frame(const ClipDescription& clip, int64_t frame);

}  // namespace manyfold::data::synthetic
