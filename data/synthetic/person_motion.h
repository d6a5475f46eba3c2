#pragma once

#include <optional>

#include "data/synthetic/arm_motion.h"
#include "data/synthetic/clip_options.h"
#include "data/synthetic/walk.h"

namespace manyfold::data::synthetic {

/// How a person moves: sways, walks about, turns the head (within the limits of the scenes), looks
/// around, blinks, talks and gestures.
struct PersonMotion {
  Angles most;           // of the head
  bool away = false;     // shows the back of the head
  Wander x, y, z, lean;  // of the whole person: eye distances, and degrees
  Wander yaw, pitch, roll;
  Turns head, face, gaze, blink;
  bool talks = false;
  Wander talk, syllables;
  ArmsMotion arms;
  std::optional<Walk> walk;
};
PersonMotion choose_motion(const PersonDescription& person, const Camera& camera, cv::Size picture,
                           const SceneOptions& scenes, const ClipOptions& options, Random& random);

/// Moves a person of a clip to this moment; `camera` is that of the clip's description.
void move(PersonDescription& person, const PersonMotion& motion, const Camera& camera,
          cv::Size picture, double seconds);

}  // namespace manyfold::data::synthetic
