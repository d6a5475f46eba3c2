#pragma once

#include <cstdint>
#include <map>
#include <opencv2/core.hpp>
#include <vector>

#include "data/synthetic/geometry.h"
#include "data/synthetic/light.h"

namespace manyfold::data::synthetic {

/// What a surface is made of.
struct Material {
  /// CV_8UC4: RGB, and 0 in the fourth channel where the surface has a hole. Repeats where `wrap`,
  /// and then its sides are powers of two; else its edge goes on.
  cv::Mat texture;
  bool wrap = true;
  float gloss = 0;
};
/// A material of one colour.
Material plain(const cv::Vec3b& colour, float gloss = 0);

/// A corner of a triangle, in samples of the canvas. `u` and `v` count texels.
struct Corner {
  float x, y, distance;
  float u, v;
  cv::Vec3f light;
  cv::Vec3f before;  // x, y and distance a frame ago, on a canvas that follows a trail
};

/// By owner, what the corners and the ends of cones project to, in the order of drawing. A later
/// frame that draws the same surfaces in the same order finds in it how they moved.
using Trail = std::map<uint8_t, std::vector<Camera::Seen>>;

/// Pixels drawn with a depth buffer at twice the resolution of the picture, so that edges are
/// smooth, and who hides whom is known for every sample.
class Canvas {
 public:
  static constexpr int kScale = 2;         // samples per pixel, along each side
  static constexpr uint8_t kObject = 255;  // owner of what is not a person

  /// `width` and `height` in pixels of the picture.
  Canvas(int width, int height, const Camera& camera, const Light& light);
  ~Canvas();
  Canvas(const Canvas&) = delete;
  Canvas& operator=(const Canvas&) = delete;

  /// All that is drawn next belongs to this person, 1 and up, or is a `kObject`.
  void set_owner(uint8_t owner);
  const Camera& camera() const { return camera_; }
  const Light& light() const { return light_; }

  /// From now on keeps what is drawn in `trail`, which must outlive the drawing.
  void record(Trail& trail);
  /// From now on finds out where each sample's surface was in the frame that left `trail`.
  void follow(const Trail& trail);

  /// The corner that a point of a surface projects to.
  Corner corner(const Vec3& point, const Vec3& normal, float u, float v, float gloss);
  void triangle(const Corner& a, const Corner& b, const Corner& c, const Material& material);
  /// A round cone: two spheres and what lies between them. The texture runs along it, `repeat`
  /// texels per eye distance.
  void cone(const Vec3& a, float radius_a, const Vec3& b, float radius_b, const Material& material,
            float repeat = 8);

  /// Darkens folds: samples that lie further than their surroundings within `radius` pixels and are
  /// up to `depth` eye distances behind them. `strength` in [0, 1].
  void darken_folds(float radius, float depth, float strength);
  /// Blends what was drawn over `picture` (CV_8UC3) and returns the mask of people (CV_8UC1, 1
  /// where at least half of a pixel's samples are a person's).
  cv::Mat blend_over(cv::Mat& picture) const;
  /// False where something drawn lies more than `slack` eye distances nearer than the point, and
  /// outside the picture.
  bool visible(const Vec3& point, float slack) const;
  /// What shows of an owner: its share of the picture's pixels, and their tight box (pixels).
  struct Shown {
    float pixels = 0;
    cv::Rect2f box;
  };
  /// By owner, as many as are asked for, the first for owner 1.
  std::vector<Shown> shown(int owners) const;
  /// How far each pixel of this canvas, which followed the trail of `then`, must go to find its
  /// surface in the picture of `then`: CV_32FC2 [H, W] in pixels. `background` takes a place of the
  /// picture to where the background was then. NaN where a pixel shows several owners, and where
  /// its surface did not show then.
  cv::Mat motion_from(const Canvas& then, const cv::Matx23f& background) const;

 private:
  /// What a point projects to, and did a frame ago.
  struct Tracked {
    Camera::Seen now, before;
  };
  Tracked track(const Vec3& point);
  /// Whose all samples of a pixel are; -1 if they differ.
  int owner_of_pixel(int x, int y) const;
  bool showed(const cv::Point2f& place, int owner, float distance) const;
  void touch(int left, int top, int right, int bottom);
  cv::Rect touched_pixels() const;

  Camera camera_;
  Light light_;
  Vec3 halfway_;
  cv::Rect touched_;  // samples that may have been drawn to
  uint8_t owner_ = kObject;
  cv::Mat_<cv::Vec4b> colour_;  // RGB and the owner, 0 where nothing was drawn
  cv::Mat_<float> distance_;

  std::vector<Camera::Seen>* recorded_ = nullptr;  // of this owner
  const std::vector<Camera::Seen>* followed_ = nullptr;
  size_t drawn_ = 0;  // points of this owner
  Trail* record_ = nullptr;
  const Trail* follow_ = nullptr;
  cv::Mat_<cv::Vec3f> before_;  // x, y and distance a frame ago; empty without a trail to follow
};

}  // namespace manyfold::data::synthetic
