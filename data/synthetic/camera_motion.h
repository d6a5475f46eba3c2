#pragma once

#include "data/synthetic/clip_options.h"
#include "data/synthetic/course.h"
#include "data/synthetic/description.h"

namespace manyfold::data::synthetic {

/// How the camera of a clip moves: the whole picture shifts (pixels) and turns (degrees) around the
/// middle, as if everything were far away.
struct CameraMotion {
  Wander x, y, roll;
};
/// A camera that stands still, pans to and fro, or shakes in a hand.
CameraMotion choose_camera_motion(cv::Size picture, const ClipOptions& options, Random& random);

/// Paints the background so much larger that the camera never sees its end.
void paint_surroundings(SceneDescription& scene, const CameraMotion& motion);
/// Moves a scene with painted surroundings to this moment. A moving camera smears the picture, for
/// the shutter is open during half a frame.
void move_camera(SceneDescription& scene, const CameraMotion& motion, double seconds);

/// How light and exposure change.
struct LightMotion {
  Wander yaw, pitch;        // of the lamp, degrees
  Wander exposure, warmth;  // relative
};
LightMotion choose_light_motion(float harshness, const ClipOptions& options, Random& random);
void move_light(SceneDescription& scene, const LightMotion& motion, double seconds);

}  // namespace manyfold::data::synthetic
