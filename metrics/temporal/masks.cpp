#include "metrics/temporal/masks.h"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

#include "metrics/temporal/flicker.h"
#include "metrics/temporal/warped_iou.h"

namespace manyfold::metrics {
namespace {

using data::Mask;

void require_size(const char* what, const cv::Mat& got, const cv::Mat& mask, int type) {
  if (got.size() == mask.size() && got.type() == type) return;
  throw std::invalid_argument(
      fmt::format("TemporalMaskMetric: the {} must be {} of {}x{}, got {} of {}x{}", what,
                  cv::typeToString(type), mask.cols, mask.rows, cv::typeToString(got.type()),
                  got.cols, got.rows));
}

/// 1 where the class is `c`, else 0. CV_32FC1.
cv::Mat indicator(const cv::Mat& classes, size_t c) {
  cv::Mat result;
  cv::Mat(classes == static_cast<double>(c)).convertTo(result, CV_32F, 1. / 255);
  return result;
}

}  // namespace

TemporalMaskMetric::TemporalMaskMetric(std::vector<std::string> classes,
                                       const TemporalOptions& options)
    : classes_(classes.size()), options_(options) {
  if (classes_ < 2 || classes_ > Mask::kIgnore) {
    throw std::invalid_argument(
        fmt::format("TemporalMaskMetric: 2 to {} classes, background first, got {}",
                    int{Mask::kIgnore}, classes_));
  }
}

void TemporalMaskMetric::start() {
  last_.reset();
  for (auto* each : {&flicker_, &warped_, &miou_}) each->start();
}

void TemporalMaskMetric::add(const data::Label& predicted, const data::Label* truth,
                             const cv::Mat& picture, const data::Motion& motion) {
  Moment now;
  now.predicted = std::get<Mask>(predicted).classes.clone();
  require_size("prediction", now.predicted, last_ ? last_->predicted : now.predicted, CV_8UC1);
  if (!picture.empty()) require_size("picture", picture, now.predicted, CV_8UC3);
  if (!motion.empty()) require_size("motion", motion.displacement, now.predicted, CV_32FC2);
  now.picture = picture.clone();
  now.counted = cv::Mat(now.predicted.size(), CV_8UC1, cv::Scalar(255));
  if (truth != nullptr) {
    now.truth = std::get<Mask>(*truth).classes.clone();
    require_size("truth", now.truth, now.predicted, CV_8UC1);
    now.counted = now.truth != Mask::kIgnore;
  }
  miou_.add(overlaps(now));
  if (last_) {
    add_change(now, motion);
  } else {
    flicker_.add({});
    warped_.add({});
  }
  last_ = std::move(now);
}

std::vector<Mean> TemporalMaskMetric::overlaps(const Moment& now) const {
  std::vector<Mean> by_class;
  for (size_t c = 0; c < classes_ && !now.truth.empty(); ++c) {
    const auto value = static_cast<double>(c);
    by_class.push_back(overlap(now.predicted == value, now.truth == value, now.counted));
  }
  return by_class;
}

cv::Mat TemporalMaskMetric::static_between(const Moment& now, const data::Motion& motion) const {
  if (!motion.empty()) return still_pixels(motion, options_.still_motion);
  if (last_->picture.empty() || now.picture.empty()) {
    return cv::Mat::zeros(now.predicted.size(), CV_8UC1);
  }
  return static_pixels(last_->picture, now.picture, options_.static_difference);
}

void TemporalMaskMetric::add_change(const Moment& now, const data::Motion& motion) {
  const cv::Mat counted = last_->counted & now.counted;
  flicker_.add({flicker(last_->predicted, now.predicted, static_between(now, motion) & counted)});
  // Nothing is known of what fills the network's picture up around the clip's.
  changes_ += flicker(last_->predicted, now.predicted,
                      motion.empty() ? counted : cv::Mat(counted & data::known(motion)));
  std::vector<Mean> warped(classes_);
  for (size_t c = 1; c < classes_ && !motion.empty(); ++c) {
    const auto value = static_cast<double>(c);
    warped[c] = warped_overlap(last_->predicted == value, now.predicted == value, motion, counted);
  }
  warped_.add(warped);
  if (!last_->truth.empty() && !now.truth.empty()) add_change_against_truth(now, counted);
}

void TemporalMaskMetric::add_change_against_truth(const Moment& now, const cv::Mat& counted) {
  const cv::Mat stays = (last_->truth == now.truth) & counted;
  false_changes_ += flicker(last_->predicted, now.predicted, stays);
  Mean error;
  for (size_t c = 1; c < classes_; ++c) {
    error += change_error(indicator(last_->predicted, c), indicator(now.predicted, c),
                          indicator(last_->truth, c), indicator(now.truth, c), counted);
  }
  if (error.count > 0) dtssd_.add(std::sqrt(error.value()));
}

std::vector<Figure> TemporalMaskMetric::figures() const {
  std::vector<Figure> figures = {
      {"flicker", flicker_.value(), false, flicker_.count(), "pixels",
       "Share of static pixels that change their class from frame to frame."},
      {"class_changes", changes_.value(), false, changes_.count, "pixels",
       "Share of all pixels of known motion that change their class from frame to frame."},
      {"warped_iou", warped_.value(), true, warped_.count(), "pixels",
       "IoU of each mask with the one before it, moved with the picture; background left out."},
      {"false_changes", false_changes_.value(), false, false_changes_.count, "pixels",
       "Share of the pixels whose true class stays that change their class."},
      {"dtssd", dtssd_.value(), false, dtssd_.count, "pairs of frames",
       "Root mean square difference between the changes of prediction and truth."}};
  const int64_t frames = options_.trained_frames;
  flicker_.append_ends("flicker", false, frames, figures);
  warped_.append_ends("warped_iou", true, frames, figures);
  miou_.append_ends("miou", true, frames, figures);
  return figures;
}

nlohmann::json TemporalMaskMetric::details() const { return {{"by_frame", miou_.by_frame()}}; }

}  // namespace manyfold::metrics
