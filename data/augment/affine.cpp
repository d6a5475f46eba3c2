#include "data/augment/affine.h"

#include <algorithm>
#include <cmath>

namespace manyfold::data {

Affine rotation(double degrees) {
  const double c = std::cos(degrees * CV_PI / 180), s = std::sin(degrees * CV_PI / 180);
  return {c, -s, 0, s, c, 0, 0, 0, 1};
}

cv::Point2f apply(const Affine& map, cv::Point2f p) {
  return {static_cast<float>(map(0, 0) * p.x + map(0, 1) * p.y + map(0, 2)),
          static_cast<float>(map(1, 0) * p.x + map(1, 1) * p.y + map(1, 2))};
}

cv::Rect2f apply(const Affine& map, const cv::Rect2f& box) {
  const cv::Point2f corners[] = {apply(map, box.tl()), apply(map, {box.x + box.width, box.y}),
                                 apply(map, {box.x, box.y + box.height}), apply(map, box.br())};
  cv::Point2f low = corners[0], high = corners[0];
  for (const auto& corner : corners) {
    low = {std::min(low.x, corner.x), std::min(low.y, corner.y)};
    high = {std::max(high.x, corner.x), std::max(high.y, corner.y)};
  }
  return {low, high};
}

Geometry fit(cv::Size picture, cv::Size network, Fit how) {
  double x = double(network.width) / picture.width, y = double(network.height) / picture.height;
  if (how == Fit::letterbox) x = y = std::min(x, y);
  Geometry geometry;
  geometry.size = network;
  geometry.map =
      shift((network.width - x * picture.width) / 2, (network.height - y * picture.height) / 2) *
      scale(x, y);
  return geometry;
}

}  // namespace manyfold::data
