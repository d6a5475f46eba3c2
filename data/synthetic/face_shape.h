#pragma once

#include <array>
#include <opencv2/core.hpp>

#include "data/synthetic/geometry.h"

namespace manyfold::data::synthetic {

/// What stays the same of a face. 1 is the usual size of each, 0 the usual place.
struct FaceShape {
  float width = 1, chin = 1, skull = 1;
  float jaw_square = 0;  // -1 pointed, 1 square
  float eye_gap = 1, eye_size = 1, eye_slant = 0;
  float brow_lift = 0, brow_arch = 1;
  float nose_length = 1, nose_width = 1, nose_height = 1;
  float mouth_width = 1, mouth_drop = 0, lips = 1;
};

/// What moves. Interpolates.
struct Expression {
  float mouth_open = 0;  // 0 closed, 1 wide open
  float smile = 0;       // -1 sad, 1 broad
  float eyes_open = 1;   // 0 shut
  float brow_raise = 0;  // -1 frown, 1 surprise
  cv::Point2f gaze;      // -1 .. 1: of the width and height of the eye
};

/// The skin of a head and its 68 points, in the head's own axes: the origin is between the eyes, x
/// to the right side of a picture of it, y down, z out of the face.
///
/// Points in the order of iBUG 300-W: 0-16 the jaw from the left of the picture to the right, 17-26
/// brows, 27-35 nose, 36-41 and 42-47 eyes, 48-59 outer and 60-67 inner lips.
class Head {
 public:
  Head(const FaceShape& shape, const Expression& expression);

  /// The point at a height between `top()` and `chin()`, at an angle around the head: 0 is the
  /// front, -90 and 90 degrees its left and right outline, 180 the back.
  Vec3 skin(float degrees, float y) const { return skin_at(row(y), sin_cos(degrees)); }
  float top() const { return top_; }
  float chin() const { return chin_; }
  float half_width(float y) const { return row(y).half_width; }
  /// The 68 points seen from straight ahead.
  const std::array<cv::Point2f, 68>& flat() const { return flat_; }
  /// The skin at a place of the flat view.
  Vec3 on_skin(const cv::Point2f& flat) const;
  const Expression& expression() const { return expression_; }
  const FaceShape& shape() const { return shape_; }

  /// A cross-section at one height, and an angle around it.
  struct Row {
    float y, half_width, side, front, back;
  };
  struct SinCos {
    float sin, cos, arch;  // arch: how far the front comes forward there
  };
  Row row(float y) const;
  static SinCos sin_cos(float degrees);
  Vec3 skin_at(const Row& row, const SinCos& around) const;

 private:
  float relief(float x, float y) const;

  FaceShape shape_;
  Expression expression_;
  float top_, chin_;
  std::array<cv::Point2f, 68> flat_;
};

/// The 68 points as the camera sees them (pixels). As annotators do it, points of the jaw that the
/// face itself hides stand on its outline.
struct SeenPoints {
  std::array<cv::Point2f, 68> at;
  std::array<Vec3, 68> surface;       // where they are, for the camera
  std::array<bool, 68> faces_camera;  // false where the skin is turned away
};
SeenPoints see_points(const Head& head, const Placement& placement, const Camera& camera);

}  // namespace manyfold::data::synthetic
