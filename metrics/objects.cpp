#include "metrics/objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
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

/// Those of the classes that somebody looked for, and ignore regions.
std::vector<Object> looked_for(const std::vector<Object>& list,
                               const std::vector<uint8_t>& labelled) {
  if (labelled.empty()) return list;
  std::vector<Object> kept;
  std::copy_if(list.begin(), list.end(), std::back_inserter(kept), [&](const Object& object) {
    return is_ignore_region(object) || labelled[static_cast<size_t>(object.class_index)];
  });
  return kept;
}

}  // namespace

ObjectsMetric::ObjectsMetric(std::vector<std::string> classes, int64_t landmarks,
                             const ObjectsOptions& options)
    : classes_(std::move(classes)),
      landmarks_(landmarks),
      options_(options),
      all_(classes_.size()),
      large_(classes_.size()),
      coco_(classes_.size()),
      pictures_(classes_.size()) {
  if (classes_.empty()) throw std::invalid_argument("ObjectsMetric: no classes");
}

void ObjectsMetric::add(const data::Label& predicted_label, const data::Label& truth_label) {
  const auto& label = std::get<Objects>(truth_label);
  check(std::get<Objects>(predicted_label).list, label);
  const List predicted = looked_for(std::get<Objects>(predicted_label).list, label.labelled);
  const List truth = looked_for(label.list, label.labelled);
  const Counts any = [](const Object&) { return true; };
  const auto matches = match_objects(predicted, truth, options_.iou, any);
  rank(predicted, truth, matches, any, all_);
  if (options_.minimum_size > 0) {
    const Counts large = [&](const Object& object) {
      return box_size(object) >= options_.minimum_size;
    };
    rank(predicted, truth, match_objects(predicted, truth, options_.iou, large), large, large_);
  }
  coco_.add(predicted, truth);
  ++all_pictures_;
  for (size_t c = 0; c < pictures_.size(); ++c) {
    pictures_[c] += label.labelled.empty() || label.labelled[c];
  }
  if (landmarks_ > 0) add_landmarks(predicted, truth, matches);
}

void ObjectsMetric::check(const List& predicted, const Objects& truth) const {
  const auto classes = static_cast<int64_t>(classes_.size());
  for (const Object& object : truth.list) {
    if (is_ignore_region(object) || object.class_index < classes) continue;
    throw UserError(fmt::format("an object has class {}, but only {} classes are named",
                                object.class_index, classes));
  }
  for (const Object& object : predicted) {
    if (object.class_index >= 0 && object.class_index < classes) continue;
    throw std::invalid_argument(
        fmt::format("ObjectsMetric: predicted class {}, but there are {} classes",
                    object.class_index, classes));
  }
  if (!truth.labelled.empty() && truth.labelled.size() != classes_.size()) {
    throw std::invalid_argument(
        fmt::format("ObjectsMetric: a label says of {} classes whether they were looked for, but "
                    "there are {}",
                    truth.labelled.size(), classes));
  }
}

void ObjectsMetric::rank(const List& predicted, const List& truth,
                         const std::vector<Match>& matches, const Counts& counts,
                         std::vector<Ranking>& rankings) const {
  for (const Object& object : truth) {
    if (is_ignore_region(object) || !counts(object)) continue;
    ++rankings[static_cast<size_t>(object.class_index)].truths;
  }
  for (size_t i = 0; i < predicted.size(); ++i) {
    rankings[static_cast<size_t>(predicted[i].class_index)].add(predicted[i].score, matches[i]);
  }
}

void ObjectsMetric::add_landmarks(const List& predicted, const List& truth,
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

void ObjectsMetric::precision_figures(std::vector<Figure>& figures) const {
  const std::string ap = fmt::format("ap{:.0f}", 100 * options_.iou);
  const std::string at = fmt::format("at IoU {:g}", options_.iou);
  std::vector<double> each, each_101, each_large;
  std::vector<Figure> by_class;
  int64_t truths = 0, large_truths = 0;
  for (size_t c = 0; c < classes_.size(); ++c) {
    const auto hits = all_[c].hits();
    each.push_back(average_precision(hits, all_[c].truths));
    each_101.push_back(average_precision_at(hits, all_[c].truths, 101));
    each_large.push_back(average_precision(large_[c].hits(), large_[c].truths));
    truths += all_[c].truths;
    large_truths += large_[c].truths;
    by_class.push_back({figure_name(classes_[c]) + "_" + ap, each.back(), true, all_[c].truths,
                        "objects", "Average precision of '" + classes_[c] + "' " + at + "."});
  }
  figures.push_back({ap, mean(finite(each)), true, truths, "objects",
                     "Average precision " + at + ", all-point, mean of the classes that occur."});
  if (classes_.size() > 1) figures.insert(figures.end(), by_class.begin(), by_class.end());
  figures.push_back(
      {ap + "_101", mean(finite(each_101)), true, truths, "objects",
       "Average precision " + at + ", at the recalls 0, 0.01 ... 1, as COCO reads it."});
  figures.push_back({"ap50_95", mean(finite(coco_.by_class())), true, truths, "objects",
                     "COCO's AP: 101-point, mean of IoUs from 0.50 to 0.95 and of the classes that "
                     "occur, 100 detections of a class in a picture at most."});
  if (options_.minimum_size > 0) {
    figures.push_back(
        {fmt::format("{}_min{:g}", ap, options_.minimum_size), mean(finite(each_large)), true,
         large_truths, "objects",
         fmt::format("Average precision {} of objects of at least {:g} px, sqrt(w h).", at,
                     options_.minimum_size)});
  }
}

void ObjectsMetric::score_figures(std::vector<Figure>& figures) const {
  int64_t truths = 0, found = 0, shown = 0;
  for (const Ranking& ranking : all_) {
    truths += ranking.truths;
    for (const auto& [score, hit] : ranking.detections) {
      shown += score >= options_.operating_score;
      found += hit && score >= options_.operating_score;
    }
  }
  const std::string at = fmt::format("at IoU {:g} among detections of score {:g} and more.",
                                     options_.iou, options_.operating_score);
  figures.push_back({"recall", ratio(found, truths), true, truths, "objects",
                     "Share of the objects found " + at});
  figures.push_back(
      {"precision", ratio(found, shown), true, shown, "detections", "Share of right ones " + at});
}

void ObjectsMetric::false_alarm_figures(std::vector<Figure>& figures) const {
  const std::string name =
      fmt::format("fp_per_picture_at_recall_{:g}", 100 * options_.fixed_recall);
  const std::string where = fmt::format(
      "in a picture at IoU {:g}, where {:g} % of the objects are found; no value when "
      "no score finds so many.",
      options_.iou, 100 * options_.fixed_recall);
  std::vector<double> occurring;
  std::vector<Figure> by_class;
  for (size_t c = 0; c < classes_.size(); ++c) {
    const auto alarms = all_[c].false_alarms_at(options_.fixed_recall);
    const double share = alarms ? ratio(*alarms, pictures_[c]) : kNaN;
    if (all_[c].truths > 0) occurring.push_back(share);
    by_class.push_back({figure_name(classes_[c]) + "_" + name, share, false, pictures_[c],
                        "pictures", "False alarms for '" + classes_[c] + "' " + where});
  }
  const double sum =
      occurring.empty() ? kNaN : std::accumulate(occurring.begin(), occurring.end(), 0.0);
  figures.push_back({name, sum, false, all_pictures_, "pictures",
                     "False alarms of all classes that occur " + where});
  if (classes_.size() > 1) figures.insert(figures.end(), by_class.begin(), by_class.end());
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
  const double misses = with_landmarks_ > 0 ? static_cast<double>(misses_) : kNaN;
  figures.push_back({"misses", misses, false, with_landmarks_, "faces",
                     fmt::format("Faces with key points that no detection overlaps by IoU {:g}; "
                                 "the mean errors leave them out.",
                                 options_.iou)});
}

std::vector<Figure> ObjectsMetric::figures() const {
  std::vector<Figure> figures;
  precision_figures(figures);
  score_figures(figures);
  false_alarm_figures(figures);
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
