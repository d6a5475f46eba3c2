#include "metrics/temporal/warped_iou.h"

#include <fmt/format.h>

#include <stdexcept>

namespace manyfold::metrics {
namespace {

int64_t count(const cv::Mat& mask, const cv::Mat& counted) {
  return cv::countNonZero(counted.empty() ? mask : mask & counted);
}

}  // namespace

Mean overlap(const cv::Mat& a, const cv::Mat& b, const cv::Mat& counted) {
  if (a.type() != CV_8UC1 || b.type() != CV_8UC1 || a.size() != b.size()) {
    throw std::invalid_argument(fmt::format(
        "overlap: masks must be CV_8UC1 of one size, got {} of {}x{} and {} of {}x{}",
        cv::typeToString(a.type()), a.cols, a.rows, cv::typeToString(b.type()), b.cols, b.rows));
  }
  const cv::Mat in_a = a != 0, in_b = b != 0, where = counted.empty() ? counted : counted != 0;
  return {static_cast<double>(count(in_a & in_b, where)), count(in_a | in_b, where)};
}

Mean warped_overlap(const cv::Mat& previous, const cv::Mat& current, const data::Motion& motion,
                    const cv::Mat& counted) {
  if (previous.size() != current.size() || current.size() != motion.displacement.size()) {
    throw std::invalid_argument(fmt::format(
        "warped_overlap: masks and motion must be of one size, got {}x{}, {}x{} and {}x{}",
        previous.cols, previous.rows, current.cols, current.rows, motion.displacement.cols,
        motion.displacement.rows));
  }
  cv::Mat inside;
  cv::Mat(previous != 0).convertTo(inside, CV_32F, 1. / 255);
  cv::Mat where = data::known(motion);
  if (!counted.empty()) where &= counted != 0;
  return overlap(data::warp_back(inside, motion) >= 0.5, current, where);
}

}  // namespace manyfold::metrics
