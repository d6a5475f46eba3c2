#include "metrics/boundary.h"

#include <limits>
#include <opencv2/imgproc.hpp>

namespace manyfold::metrics {
namespace {

cv::Mat cross() { return cv::getStructuringElement(cv::MORPH_CROSS, {3, 3}); }

/// 255 where a pixel of `contour` is at most `radius` away.
cv::Mat within(const cv::Mat& contour, double radius) {
  if (cv::countNonZero(contour) == 0) return cv::Mat::zeros(contour.size(), CV_8UC1);
  cv::Mat distance;
  cv::distanceTransform(contour == 0, distance, cv::DIST_L2, cv::DIST_MASK_PRECISE);
  return distance <= radius + 1e-4;  // the distances are float
}

}  // namespace

BoundaryCounts& BoundaryCounts::operator+=(const BoundaryCounts& other) {
  predicted += other.predicted;
  predicted_near += other.predicted_near;
  truth += other.truth;
  truth_near += other.truth_near;
  return *this;
}

double BoundaryCounts::f1() const {
  if (predicted == 0 && truth == 0) return std::numeric_limits<double>::quiet_NaN();
  if (predicted_near == 0 || truth_near == 0) return 0;
  const double precision = static_cast<double>(predicted_near) / static_cast<double>(predicted);
  const double recall = static_cast<double>(truth_near) / static_cast<double>(truth);
  return 2 * precision * recall / (precision + recall);
}

cv::Mat contour(const cv::Mat& mask) {
  const cv::Mat inside = mask != 0;
  cv::Mat core;
  cv::erode(inside, core, cross());  // what lies beyond the picture counts as inside
  return inside & ~core;
}

BoundaryCounts compare_boundaries(const cv::Mat& predicted, const cv::Mat& truth, double radius,
                                  const cv::Mat& ignored) {
  const cv::Mat p = contour(predicted), t = contour(truth);
  cv::Mat counted_p = p, counted_t = t;
  if (!ignored.empty()) {
    cv::Mat unknown;
    cv::dilate(ignored != 0, unknown, cross());
    counted_p = p & ~unknown;
    counted_t = t & ~unknown;
  }
  return {cv::countNonZero(counted_p), cv::countNonZero(counted_p & within(t, radius)),
          cv::countNonZero(counted_t), cv::countNonZero(counted_t & within(p, radius))};
}

}  // namespace manyfold::metrics
