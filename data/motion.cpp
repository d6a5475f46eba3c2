#include "data/motion.h"

#include <fmt/format.h>

#include <limits>
#include <opencv2/video/tracking.hpp>
#include <stdexcept>

namespace manyfold::data {
namespace {

cv::Vec2f unknown() { return cv::Vec2f::all(std::numeric_limits<float>::quiet_NaN()); }

/// Whether a place, as the index of a pixel, lies on the picture: centres are whole numbers.
bool inside(const cv::Vec2f& place, cv::Size size) {
  return place[0] >= -0.5f && place[1] >= -0.5f &&
         place[0] <= static_cast<float>(size.width) - 0.5f &&
         place[1] <= static_cast<float>(size.height) - 0.5f;
}

cv::Mat grey(const cv::Mat& picture) {
  cv::Mat result;
  cv::cvtColor(picture, result, cv::COLOR_RGB2GRAY);
  return result;
}

/// CV_32FC2: from a pixel of `from` to the same thing in `to`.
cv::Mat flow(const cv::Mat& from, const cv::Mat& to) {
  const auto dis = cv::DISOpticalFlow::create(cv::DISOpticalFlow::PRESET_MEDIUM);
  dis->setFinestScale(0);  // the preset stops at half size, which a network's small picture misses
  cv::Mat result;
  dis->calc(from, to, result);
  return result;
}

}  // namespace

Motion still_motion(cv::Size size) { return {cv::Mat::zeros(size, CV_32FC2)}; }

void forget_what_was_outside(Motion& motion) {
  const cv::Size size = motion.displacement.size();
  motion.displacement.forEach<cv::Vec2f>([&](cv::Vec2f& moved, const int* at) {
    const cv::Vec2f here(static_cast<float>(at[1]), static_cast<float>(at[0]));
    if (!inside(here + moved, size)) moved = unknown();
  });
}

Motion affine_motion(const cv::Matx23f& map, cv::Size size, const cv::Mat& known) {
  if (!known.empty() && (known.size() != size || known.type() != CV_8UC1)) {
    throw std::invalid_argument(fmt::format(
        "affine_motion: the mask of known pixels must be CV_8UC1 of {}x{}, got {} of {}x{}",
        size.width, size.height, cv::typeToString(known.type()), known.cols, known.rows));
  }
  Motion motion{cv::Mat(size, CV_32FC2)};
  motion.displacement.forEach<cv::Vec2f>([&](cv::Vec2f& moved, const int* at) {
    const cv::Vec3f here(static_cast<float>(at[1]) + 0.5f, static_cast<float>(at[0]) + 0.5f, 1);
    moved = map * here - cv::Vec2f(here[0], here[1]);
  });
  forget_what_was_outside(motion);
  if (!known.empty()) motion.displacement.setTo(unknown(), known == 0);
  return motion;
}

Motion estimated_motion(const cv::Mat& previous, const cv::Mat& current) {
  if (previous.type() != CV_8UC3 || current.type() != CV_8UC3 ||
      previous.size() != current.size()) {
    throw std::invalid_argument(fmt::format(
        "estimated_motion: pictures must be CV_8UC3 of one size, got {} of {}x{} and {} of {}x{}",
        cv::typeToString(previous.type()), previous.cols, previous.rows,
        cv::typeToString(current.type()), current.cols, current.rows));
  }
  const cv::Mat before = grey(previous), now = grey(current);
  Motion motion{flow(now, before)};
  forget_what_was_outside(motion);
  const cv::Mat back = warp_back(flow(before, now), motion);
  motion.displacement.forEach<cv::Vec2f>([&](cv::Vec2f& f, const int* at) {
    const auto& b = back.at<cv::Vec2f>(at[0], at[1]);
    if (!((f + b).dot(f + b) < 0.01f * (f.dot(f) + b.dot(b)) + 0.5f)) f = unknown();
  });
  return motion;
}

}  // namespace manyfold::data
