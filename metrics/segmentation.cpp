#include "metrics/segmentation.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>

#include "common/error.h"

namespace manyfold::metrics {
namespace {

using data::Mask;

void require_masks(const cv::Mat& predicted, const cv::Mat& truth) {
  if (predicted.type() != CV_8UC1 || truth.type() != CV_8UC1 || predicted.size() != truth.size()) {
    throw std::invalid_argument(fmt::format(
        "SegmentationMetric: masks must be CV_8UC1 of one size, got {} of {}x{} and {} of {}x{}",
        cv::typeToString(predicted.type()), predicted.cols, predicted.rows,
        cv::typeToString(truth.type()), truth.cols, truth.rows));
  }
}

/// How many pixels carry each pair of (truth, prediction).
using Pairs = std::array<std::array<int64_t, 256>, 256>;

void count_pairs(const cv::Mat& predicted, const cv::Mat& truth, Pairs& pairs) {
  for (int y = 0; y < truth.rows; ++y) {
    const uint8_t* p = predicted.ptr<uint8_t>(y);
    const uint8_t* t = truth.ptr<uint8_t>(y);
    for (int x = 0; x < truth.cols; ++x) ++pairs[t[x]][p[x]];
  }
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  int64_t n = 0;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    sum += value;
    ++n;
  }
  return n == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(n);
}

}  // namespace

SegmentationMetric::SegmentationMetric(std::vector<std::string> classes,
                                       const SegmentationOptions& options)
    : options_(options), confusion_(std::move(classes)), boundaries_(confusion_.classes().size()) {
  if (boundaries_.size() < 2 || boundaries_.size() > Mask::kIgnore) {
    throw std::invalid_argument(
        fmt::format("SegmentationMetric: 2 to {} classes, background first, got {}",
                    int{Mask::kIgnore}, boundaries_.size()));
  }
}

double SegmentationMetric::radius(cv::Size size) const {
  const double unit = options_.boundary_unit == "pixels" ? 1 : std::hypot(size.width, size.height);
  return options_.boundary_radius * unit;
}

void SegmentationMetric::add(const data::Label& predicted_label, const data::Label& truth_label) {
  const cv::Mat& predicted = std::get<Mask>(predicted_label).classes;
  const cv::Mat& truth = std::get<Mask>(truth_label).classes;
  require_masks(predicted, truth);
  const auto classes = static_cast<int64_t>(boundaries_.size());
  auto pairs = std::make_unique<Pairs>();  // half a megabyte: too much for a thread's stack
  count_pairs(predicted, truth, *pairs);
  for (int64_t t = 0; t < Mask::kIgnore; ++t) {
    for (int64_t p = 0; p < 256; ++p) {
      const int64_t n = (*pairs)[t][p];
      if (n == 0) continue;
      if (t >= classes) {
        throw UserError(
            fmt::format("a mask has class {}, but only {} classes are named; the value "
                        "for 'ignore' is {}",
                        t, classes, int{Mask::kIgnore}));
      }
      confusion_.add(t, p, n);
    }
  }
  const cv::Mat ignored = truth == Mask::kIgnore;
  for (int64_t c = 1; c < classes; ++c) {
    boundaries_[c] += compare_boundaries(predicted == c, truth == c, radius(truth.size()), ignored);
  }
  ++pictures_;
}

std::vector<Figure> SegmentationMetric::figures() const {
  const auto& names = confusion_.classes();
  const int64_t pixels = confusion_.total();
  std::vector<double> ious, f1s;
  std::vector<Figure> each;
  for (size_t c = 0; c < names.size(); ++c) {
    ious.push_back(confusion_.iou(static_cast<int64_t>(c)));
    if (c > 0) f1s.push_back(boundaries_[c].f1());
    each.push_back({figure_name(names[c]) + "_iou", ious.back(), true,
                    confusion_.truths(static_cast<int64_t>(c)), "pixels",
                    "Intersection over union of '" + names[c] + "', summed over the set."});
  }
  std::vector<Figure> all = {
      {"miou", mean(ious), true, pixels, "pixels",
       "Mean of the classes' IoU, background included; classes in neither truth nor prediction are "
       "left out."}};
  all.insert(all.end(), each.begin(), each.end());
  all.push_back({"pixel_accuracy", confusion_.accuracy(), true, pixels, "pixels",
                 "Share of labelled pixels with the right class."});
  all.push_back({"boundary_f1", mean(f1s), true, pictures_, "pictures",
                 fmt::format("Agreement of the contours within {} {}, background left out.",
                             options_.boundary_radius,
                             options_.boundary_unit == "pixels" ? "px" : "of the diagonal")});
  return all;
}

nlohmann::json SegmentationMetric::details() const {
  nlohmann::json boundaries;
  for (size_t c = 1; c < boundaries_.size(); ++c) {
    const BoundaryCounts& b = boundaries_[c];
    boundaries[confusion_.classes()[c]] = {{"f1", b.f1()},
                                           {"predicted", b.predicted},
                                           {"predicted_near", b.predicted_near},
                                           {"truth", b.truth},
                                           {"truth_near", b.truth_near}};
  }
  return {{"confusion", confusion_.to_json()}, {"boundaries", boundaries}};
}

}  // namespace manyfold::metrics
