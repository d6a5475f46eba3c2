#include "metrics/matching.h"

#include <algorithm>
#include <numeric>

namespace manyfold::metrics {
namespace {

using data::Object;

double area(const cv::Rect2f& box) {
  return box.empty() ? 0 : static_cast<double>(box.width) * box.height;
}

bool in_ignore_region(const Object& object, const std::vector<Object>& truth) {
  return std::any_of(truth.begin(), truth.end(), [&](const Object& region) {
    return is_ignore_region(region) && area(object.box & region.box) >= area(object.box) / 2;
  });
}

std::vector<size_t> by_score(const std::vector<Object>& objects) {
  std::vector<size_t> order(objects.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return objects[a].score > objects[b].score; });
  return order;
}

/// The free object with the largest IoU among those that count, or among those that do not; -1
/// when none reaches `least`.
int64_t best_free(const Object& detection, const std::vector<Object>& truth,
                  const std::vector<bool>& taken, double least, const Counts& counts,
                  bool counting) {
  int64_t best = -1;
  double best_iou = 0;
  for (size_t i = 0; i < truth.size(); ++i) {
    const Object& object = truth[i];
    if (taken[i] || is_ignore_region(object) || object.class_index != detection.class_index) {
      continue;
    }
    if ((!counts || counts(object)) != counting) continue;
    const double iou = box_iou(detection.box, object.box);
    if (iou >= least && iou > best_iou) {
      best = static_cast<int64_t>(i);
      best_iou = iou;
    }
  }
  return best;
}

}  // namespace

double box_iou(const cv::Rect2f& a, const cv::Rect2f& b) {
  const double both = area(a & b);
  return both == 0 ? 0 : both / (area(a) + area(b) - both);
}

std::vector<Match> match_objects(const std::vector<Object>& predicted,
                                 const std::vector<Object>& truth, double iou,
                                 const Counts& counts) {
  std::vector<Match> matches(predicted.size());
  std::vector<bool> taken(truth.size(), false);
  for (const size_t i : by_score(predicted)) {
    const Object& detection = predicted[i];
    if (const int64_t hit = best_free(detection, truth, taken, iou, counts, true); hit >= 0) {
      taken[static_cast<size_t>(hit)] = true;
      matches[i] = {Match::Verdict::hit, hit};
      continue;
    }
    const int64_t beside = best_free(detection, truth, taken, iou, counts, false);
    if (beside >= 0) taken[static_cast<size_t>(beside)] = true;
    if (beside >= 0 || (counts && !counts(detection)) || in_ignore_region(detection, truth)) {
      matches[i] = {Match::Verdict::ignored, -1};
    }
  }
  return matches;
}

}  // namespace manyfold::metrics
