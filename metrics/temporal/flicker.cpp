#include "metrics/temporal/flicker.h"

#include <fmt/format.h>

#include <opencv2/imgproc.hpp>
#include <stdexcept>

namespace manyfold::metrics {
namespace {

void require_alike(const char* who, const cv::Mat& a, const cv::Mat& b) {
  if (a.type() == b.type() && a.size() == b.size()) return;
  throw std::invalid_argument(fmt::format(
      "{}: needs two of one size and type, got {} of {}x{} and {} of {}x{}", who,
      cv::typeToString(a.type()), a.cols, a.rows, cv::typeToString(b.type()), b.cols, b.rows));
}

int64_t count(const cv::Mat& mask, const cv::Mat& counted) {
  return counted.empty() ? static_cast<int64_t>(mask.total()) : cv::countNonZero(counted);
}

}  // namespace

cv::Mat static_pixels(const cv::Mat& previous, const cv::Mat& current, double difference) {
  require_alike("static_pixels", previous, current);
  cv::Mat change;
  cv::subtract(current, previous, change, cv::noArray(), CV_32F);
  cv::GaussianBlur(change, change, {5, 5}, 1);
  cv::Mat channels[3], result(previous.size(), CV_8UC1, cv::Scalar(255));
  cv::split(change, channels);
  for (const cv::Mat& channel : channels) result &= cv::abs(channel) < difference;
  return result;
}

cv::Mat still_pixels(const data::Motion& motion, double pixels) {
  cv::Mat result(motion.displacement.size(), CV_8UC1);
  result.forEach<uint8_t>([&](uint8_t& still, const int* at) {
    still = cv::norm(motion.displacement.at<cv::Vec2f>(at[0], at[1])) < pixels ? 255 : 0;
  });
  return result;
}

Mean flicker(const cv::Mat& previous, const cv::Mat& current, const cv::Mat& counted) {
  require_alike("flicker", previous, current);
  if (current.depth() == CV_8U) {
    const cv::Mat changed = previous != current;
    return {cv::norm(changed, cv::NORM_L1, counted) / 255, count(current, counted)};
  }
  return {cv::norm(previous, current, cv::NORM_L1, counted), count(current, counted)};
}

Mean change_error(const cv::Mat& previous, const cv::Mat& current, const cv::Mat& previous_truth,
                  const cv::Mat& current_truth, const cv::Mat& counted) {
  require_alike("change_error", previous, current);
  require_alike("change_error", current, previous_truth);
  require_alike("change_error", current, current_truth);
  const cv::Mat change = current - previous, wanted = current_truth - previous_truth;
  return {cv::norm(change, wanted, cv::NORM_L2SQR, counted), count(current, counted)};
}

}  // namespace manyfold::metrics
