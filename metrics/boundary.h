#pragma once

#include <cstdint>
#include <opencv2/core.hpp>

namespace manyfold::metrics {

/// Pixels of two contours and how many of them have the other contour within reach. Sums over
/// pictures, so that F1 is taken once, over a whole set.
struct BoundaryCounts {
  int64_t predicted = 0, predicted_near = 0;
  int64_t truth = 0, truth_near = 0;

  BoundaryCounts& operator+=(const BoundaryCounts& other);
  /// Harmonic mean of precision (predicted_near / predicted) and recall (truth_near / truth); 0
  /// when only one of the two has contours; NaN when neither has.
  double f1() const;
};

/// The mask's pixels that have a 4-neighbour outside it (255, elsewhere 0). The picture's edge is
/// not a contour: a person cut off by it has none there.
///   mask  CV_8UC1, non-zero inside
cv::Mat contour(const cv::Mat& mask);

/// Compares the contours of two masks of one size (CV_8UC1, non-zero inside).
///   radius   reach in pixels, Euclidean, inclusive
///   ignored  CV_8UC1, non-zero where the truth is unknown; empty = nowhere. Contour pixels there,
///            or next to it (they border on the unknown), are not counted; they can still be what
///            another contour pixel is near to.
BoundaryCounts compare_boundaries(const cv::Mat& predicted, const cv::Mat& truth, double radius,
                                  const cv::Mat& ignored = {});

}  // namespace manyfold::metrics
