#pragma once

#include <opencv2/core.hpp>

namespace manyfold::data {

/// A map of the plane, homogeneous. Coordinates are continuous: the pixel of column i covers
/// [i, i + 1), so that a picture of width W spans [0, W] and mirroring is x -> W - x.
using Affine = cv::Matx33d;

inline Affine identity() { return Affine::eye(); }
inline Affine shift(double x, double y) { return {1, 0, x, 0, 1, y, 0, 0, 1}; }
inline Affine scale(double x, double y) { return {x, 0, 0, 0, y, 0, 0, 0, 1}; }
/// Clockwise on the screen (y runs down).
Affine rotation(double degrees);

cv::Point2f apply(const Affine& map, cv::Point2f point);
/// The smallest upright box around the mapped corners.
cv::Rect2f apply(const Affine& map, const cv::Rect2f& box);

/// How a picture gets to the network's size.
struct Geometry {
  Affine map = identity();  // from the picture's coordinates to the network's
  cv::Size size;            // of the network's picture
  bool mirrored = false;    // `map` swaps left and right: so must the labels
};

/// How a picture of another shape fits the network's.
enum class Fit {
  letterbox,  // the whole picture, centred, its shape kept; what is left over is padding
  stretch,    // each side scaled by itself
};

/// The plain map from a picture to the network's size: what evaluation and prediction use, and
/// what augmentation starts from. Predictions go back through `map.inv()`.
Geometry fit(cv::Size picture, cv::Size network, Fit how = Fit::letterbox);

}  // namespace manyfold::data
