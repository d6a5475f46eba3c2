#pragma once

#include <memory>

#include "data/synthetic/description.h"

namespace manyfold::data::synthetic {

struct SceneHand {
  cv::Rect2f box;       // pixels, around the hand without its forearm
  int gesture = kNone;  // or `kUnclear`
  bool right = true;
  float shown = 0;  // share of its joints that are in the picture and not hidden
};

/// Boxes and points are in pixels (the picture spans 0 .. width, its first pixel 0 .. 1), and may
/// reach outside of the picture.
struct ScenePerson {
  cv::Rect2f face;  // the tight box around the landmarks; empty for a hand alone
  cv::Rect2f head;  // with hair and hat
  cv::Rect2f body;  // what shows of the person: the tight box around its part of the mask
  std::vector<cv::Point2f> landmarks;  // 68 in iBUG order (see `Head`), exact even where hidden
  std::vector<uint8_t> visible;        // 0: outside the picture, hidden, or turned away
  float face_shown = 0;                // share of visible landmarks
  std::vector<SceneHand> hands;
};

struct Scene {
  cv::Mat picture;      // CV_8UC3 RGB
  cv::Mat person_mask;  // CV_8UC1, 1 = person
  /// Index into `gesture_names()`; `kUnclear` where it cannot be told: a hand that is half hidden,
  /// or between two gestures.
  int gesture = kNone;
  std::vector<ScenePerson> people;
};

/// What the camera of this scene takes, and the exact labels.
Scene draw(const SceneDescription& description);

/// Moments of one clip, in any order, each drawn once for its picture and its motion.
class MovingScene {
 public:
  MovingScene();
  ~MovingScene();
  MovingScene(MovingScene&&) noexcept;
  MovingScene& operator=(MovingScene&&) noexcept;

  /// As draw().
  Scene next(const SceneDescription& description);

  /// How far each pixel of the last scene must go to find its spot in the scene before it: CV_32FC2
  /// [H, W] in pixels (`before(p + motion(p))` is `now(p)`, but for light and lens). Exact for what
  /// belongs to the background, to people and to objects; NaN where a pixel shows the edge between
  /// two of them, or a spot that was hidden or outside of the picture before. Empty after the first
  /// scene.
  const cv::Mat& motion() const { return motion_; }

 private:
  struct Moment;
  std::unique_ptr<Moment> last_;
  cv::Mat motion_;
};

/// Picture `index` of the endless set that `seed` names. A pure function of its arguments, the same
/// on any thread.
Scene render(uint64_t seed, uint64_t index, const SceneOptions& options);

}  // namespace manyfold::data::synthetic
