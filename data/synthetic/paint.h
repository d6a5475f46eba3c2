#pragma once

#include <opencv2/core.hpp>
#include <vector>

#include "common/random.h"

namespace manyfold::data::synthetic {

using Colour = cv::Vec3b;  // RGB

Colour mix(const Colour& a, const Colour& b, float t);
/// Every channel times `factor`.
Colour scaled(const Colour& colour, float factor);
/// Hue in [0, 1), saturation and value in [0, 1].
Colour from_hsv(float hue, float saturation, float value);
/// Any colour; greys, blacks and whites are as frequent as they are in clothes and rooms.
Colour any_colour(Random& random);
Colour skin_colour(Random& random);
Colour hair_colour(Random& random);

/// A CV_8UC4 texture of one colour.
cv::Mat filled(int width, int height, const Colour& colour);

/// Draws with smooth edges on a CV_8UC3 or CV_8UC4 picture, in units of `scale` pixels from
/// `origin`.
class Pen {
 public:
  Pen(cv::Mat& picture, float scale, cv::Point2f origin)
      : picture_(picture), scale_(scale), origin_(origin) {}

  void polygon(const std::vector<cv::Point2f>& corners, const Colour& colour);
  void line(const std::vector<cv::Point2f>& points, float thickness, const Colour& colour);
  void ellipse(cv::Point2f centre, float half_width, float half_height, const Colour& colour,
               float degrees = 0);

 private:
  std::vector<cv::Point> fixed(const std::vector<cv::Point2f>& points) const;
  cv::Mat& picture_;
  float scale_;
  cv::Point2f origin_;
};

/// A smooth random field in [0, 1] (CV_32FC1), made of `octaves` layers; `cells` is how many
/// features the first has along the width.
cv::Mat clouds(Random& random, cv::Size size, int cells, int octaves);
/// Multiplies the colours of `picture` by 1 + amount * (2 * field - 1).
void modulate(cv::Mat& picture, const cv::Mat& field, float amount);

enum class Pattern { plain, stripes, plaid, dots, noise, letters, count };
/// A repeating CV_8UC4 texture of 64 x 64 texels: cloth, walls, objects.
cv::Mat cloth(Random& random, Pattern pattern, const Colour& colour);
/// Strands that run down (64 x 64), with a share of gaps.
cv::Mat strands(Random& random, const Colour& colour, float contrast, float gaps);

}  // namespace manyfold::data::synthetic
