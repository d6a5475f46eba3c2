#include "metrics/objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "common/error.h"
#include "metrics/average_precision.h"
#include "metrics/landmark_error.h"

namespace manyfold::metrics {
namespace {

using data::Object;
using data::Objects;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<double> finite(const std::vector<double>& values) {
  std::vector<double> kept;
  std::copy_if(values.begin(), values.end(), std::back_inserter(kept),
               [](double value) { return std::isfinite(value); });
  std::sort(kept.begin(), kept.end());
  return kept;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? kNaN : sum / static_cast<double>(values.size());
}

double median(const std::vector<double>& sorted) {
  if (sorted.empty()) return kNaN;
  const size_t half = sorted.size() / 2;
  return sorted.size() % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

bool has_landmarks(const Object& object) {
  return !is_ignore_region(object) &&
         std::any_of(object.visible.begin(), object.visible.end(), [](uint8_t v) { return v; });
}

}  // namespace

std::vector<std::pair<float, bool>> ObjectsMetric::Ranking::sorted() const {
  auto order = detections;
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  return order;
}

std::vector<bool> ObjectsMetric::Ranking::hits() const {
  std::vector<bool> hits;
  for (const auto& [score, hit] : sorted()) hits.push_back(hit);
  return hits;
}

ObjectsMetric::ObjectsMetric(std::vector<std::string> classes, int64_t landmarks,
                             const ObjectsOptions& options)
    : classes_(std::move(classes)),
      landmarks_(landmarks),
      options_(options),
      all_(classes_.size()),
      large_(classes_.size()) {
  if (classes_.empty()) throw std::invalid_argument("ObjectsMetric: no classes");
}

void ObjectsMetric::add(const data::Label& predicted, const data::Label& truth) {
  const auto& p = std::get<Objects>(predicted).frames;
  const auto& t = std::get<Objects>(truth).frames;
  if (p.size() != t.size()) {
    throw std::invalid_argument(
        fmt::format("ObjectsMetric: {} predicted frames for {} labelled ones", p.size(), t.size()));
  }
  for (size_t i = 0; i < t.size(); ++i) add_frame(p[i], t[i]);
}

void ObjectsMetric::add_frame(const Frame& predicted, const Frame& truth) {
  const Counts any = [](const Object&) { return true; };
  const auto matches = match_objects(predicted, truth, options_.iou, any);
  rank(predicted, truth, matches, any, all_);
  if (options_.minimum_size > 0) {
    const Counts large = [&](const Object& object) {
      return box_size(object) >= options_.minimum_size;
    };
    rank(predicted, truth, match_objects(predicted, truth, options_.iou, large), large, large_);
  }
  if (landmarks_ > 0) add_landmarks(predicted, truth, matches);
}

void ObjectsMetric::rank(const Frame& predicted, const Frame& truth,
                         const std::vector<Match>& matches, const Counts& counts,
                         std::vector<Ranking>& rankings) const {
  const auto classes = static_cast<int64_t>(classes_.size());
  for (const Object& object : truth) {
    if (is_ignore_region(object)) continue;
    if (object.class_index >= classes) {
      throw UserError(fmt::format("an object has class {}, but only {} classes are named",
                                  object.class_index, classes));
    }
    if (counts(object)) ++rankings[static_cast<size_t>(object.class_index)].truths;
  }
  for (size_t i = 0; i < predicted.size(); ++i) {
    const int64_t c = predicted[i].class_index;
    if (c < 0 || c >= classes) {
      throw std::invalid_argument(
          fmt::format("ObjectsMetric: predicted class {}, but there are {} classes", c, classes));
    }
    if (matches[i].verdict == Match::Verdict::ignored) continue;
    rankings[static_cast<size_t>(c)].detections.emplace_back(
        predicted[i].score, matches[i].verdict == Match::Verdict::hit);
  }
}

void ObjectsMetric::add_landmarks(const Frame& predicted, const Frame& truth,
                                  const std::vector<Match>& matches) {
  for (size_t t = 0; t < truth.size(); ++t) {
    if (!has_landmarks(truth[t])) continue;
    ++with_landmarks_;
    const auto found = std::find_if(matches.begin(), matches.end(), [t](const Match& match) {
      return match.truth == static_cast<int64_t>(t);
    });
    const auto error = found == matches.end()
                           ? std::nullopt
                           : point_error(predicted[found - matches.begin()], truth[t]);
    if (const auto distance = interocular_distance(truth[t])) {
      eye_errors_.push_back(error ? *error / *distance : kInfinity);
    }
    if (!error) {
      ++misses_;
      continue;
    }
    box_errors_.push_back(*error / box_size(truth[t]));
  }
}

void ObjectsMetric::detection_figures(std::vector<Figure>& figures) const {
  const std::string ap = fmt::format("ap{:.0f}", 100 * options_.iou);
  const std::string at = fmt::format("at IoU {:g}", options_.iou);
  std::vector<double> each, each_101, each_large;
  std::vector<Figure> by_class;
  int64_t truths = 0, large_truths = 0, found = 0, shown = 0;
  for (size_t c = 0; c < classes_.size(); ++c) {
    const auto hits = all_[c].hits();
    each.push_back(average_precision(hits, all_[c].truths));
    each_101.push_back(average_precision_at(hits, all_[c].truths, 101));
    each_large.push_back(average_precision(large_[c].hits(), large_[c].truths));
    truths += all_[c].truths;
    large_truths += large_[c].truths;
    for (const auto& [score, hit] : all_[c].detections) {
      shown += score >= options_.operating_score;
      found += hit && score >= options_.operating_score;
    }
    by_class.push_back({figure_name(classes_[c]) + "_" + ap, each.back(), true, all_[c].truths,
                        "objects", "Average precision of '" + classes_[c] + "' " + at + "."});
  }
  figures.push_back({ap, mean(finite(each)), true, truths, "objects",
                     "Average precision " + at + ", all-point, mean of the classes that occur."});
  if (classes_.size() > 1) figures.insert(figures.end(), by_class.begin(), by_class.end());
  figures.push_back({ap + "_101", mean(finite(each_101)), true, truths, "objects",
                     "Average precision " + at + ", 101-point as COCO computes it."});
  if (options_.minimum_size > 0) {
    figures.push_back(
        {fmt::format("{}_min{:g}", ap, options_.minimum_size), mean(finite(each_large)), true,
         large_truths, "objects",
         fmt::format("Average precision {} of objects of at least {:g} px, sqrt(w h).", at,
                     options_.minimum_size)});
  }
  const std::string score =
      fmt::format("among detections of score {:g} and more.", options_.operating_score);
  figures.push_back({"recall", ratio(found, truths), true, truths, "objects",
                     "Share of the objects found " + at + " " + score});
  figures.push_back({"precision", ratio(found, shown), true, shown, "detections",
                     "Share of right ones " + at + " " + score});
}

void ObjectsMetric::landmark_figures(std::vector<Figure>& figures) const {
  const auto found = static_cast<int64_t>(box_errors_.size());
  if (eye_points(landmarks_)) {
    const std::vector<double> errors = finite(eye_errors_);
    const auto n = static_cast<int64_t>(errors.size());
    const auto faces = static_cast<int64_t>(eye_errors_.size());
    const std::string over =
        landmarks_ == 68 ? " / distance of the outer eye corners" : " / distance of the eyes";
    figures.push_back({"nme", mean(errors), false, n, "faces",
                       "Mean point error" + over + ", mean of the faces found."});
    figures.push_back({"nme_median", median(errors), false, n, "faces",
                       "Mean point error" + over + ", median of the faces found."});
    for (const int percent : {8, 10}) {
      const double limit = percent / 100.0;
      figures.push_back(
          {fmt::format("fr{:02}", percent), failure_rate(eye_errors_, limit), false, faces, "faces",
           fmt::format("Share of faces whose error is above {:.2f}, or which were missed.",
                       limit)});
      figures.push_back({fmt::format("auc{:02}", percent), error_auc(eye_errors_, limit), true,
                         faces, "faces",
                         fmt::format("Area under the cumulative error curve up to {:.2f}; a missed "
                                     "face never enters it.",
                                     limit)});
    }
  }
  figures.push_back({"nme_box", mean(box_errors_), false, found, "faces",
                     "Mean point error / sqrt(w h) of the true box, mean of the faces found."});
  figures.push_back({"misses", static_cast<double>(misses_), false, with_landmarks_, "faces",
                     fmt::format("Faces with key points that no detection overlaps by IoU {:g}; "
                                 "the mean errors leave them out.",
                                 options_.iou)});
}

std::vector<Figure> ObjectsMetric::figures() const {
  std::vector<Figure> figures;
  detection_figures(figures);
  if (landmarks_ > 0) landmark_figures(figures);
  return figures;
}

nlohmann::json ObjectsMetric::details() const {
  nlohmann::json classes;
  for (size_t c = 0; c < classes_.size(); ++c) {
    nlohmann::json scores = nlohmann::json::array(), recall = scores, precision = scores;
    const auto order = all_[c].sorted();
    int64_t hits = 0;
    for (size_t i = 0; i < order.size(); ++i) {
      if (!order[i].second) continue;  // the curve's corners lie where recall rises
      ++hits;
      scores.push_back(order[i].first);
      recall.push_back(ratio(hits, all_[c].truths));
      precision.push_back(ratio(hits, static_cast<int64_t>(i + 1)));
    }
    classes[classes_[c]] = {{"objects", all_[c].truths},
                            {"detections", order.size()},
                            {"score", scores},
                            {"recall", recall},
                            {"precision", precision}};
  }
  nlohmann::json details = {{"iou", options_.iou}, {"classes", classes}};
  if (landmarks_ > 0) {
    details["errors"] = {{"interocular", finite(eye_errors_)},
                         {"box", finite(box_errors_)},
                         {"misses", misses_},
                         {"faces", with_landmarks_}};
  }
  return details;
}

}  // namespace manyfold::metrics
