#include "metrics/coco_average_precision.h"

#include <algorithm>

#include "metrics/average_precision.h"

namespace manyfold::metrics {
namespace {

using data::Object;

constexpr size_t kMostDetections = 100;  // of a class in a picture
constexpr int64_t kRecalls = 101;

std::vector<Object> best_of_class(const std::vector<Object>& predicted, int64_t c) {
  std::vector<Object> best;
  std::copy_if(predicted.begin(), predicted.end(), std::back_inserter(best),
               [c](const Object& object) { return object.class_index == c; });
  std::stable_sort(best.begin(), best.end(),
                   [](const Object& a, const Object& b) { return a.score > b.score; });
  if (best.size() > kMostDetections) best.resize(kMostDetections);
  return best;
}

std::vector<Object> truth_of_class(const std::vector<Object>& truth, int64_t c) {
  std::vector<Object> own;
  std::copy_if(truth.begin(), truth.end(), std::back_inserter(own), [c](const Object& object) {
    return object.class_index == c || object.class_index < 0;
  });
  return own;
}

}  // namespace

void CocoAveragePrecision::add(const std::vector<Object>& predicted,
                               const std::vector<Object>& truth) {
  for (size_t c = 0; c < rankings_.size(); ++c) {
    const auto found = best_of_class(predicted, static_cast<int64_t>(c));
    const auto wanted = truth_of_class(truth, static_cast<int64_t>(c));
    const auto objects = wanted.size() - static_cast<size_t>(std::count_if(
                                             wanted.begin(), wanted.end(), is_ignore_region));
    for (size_t i = 0; i < kThresholds; ++i) {
      Ranking& ranking = rankings_[c][i];
      ranking.truths += static_cast<int64_t>(objects);
      const auto matches = match_objects(found, wanted, threshold(i));
      for (size_t k = 0; k < found.size(); ++k) ranking.add(found[k].score, matches[k]);
    }
  }
}

std::vector<double> CocoAveragePrecision::by_class() const {
  std::vector<double> means;
  for (const auto& of_class : rankings_) {
    double sum = 0;
    for (const Ranking& ranking : of_class) {
      sum += average_precision_at(ranking.hits(), ranking.truths, kRecalls);
    }
    means.push_back(sum / kThresholds);
  }
  return means;
}

}  // namespace manyfold::metrics
