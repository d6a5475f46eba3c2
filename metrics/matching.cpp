#include "metrics/matching.h"

#include <algorithm>
#include <numeric>

namespace manyfold::metrics {
namespace {

using data::Object;

double area(const cv::Rect2f& box) {
  return box.empty() ? 0 : static_cast<double>(box.width) * box.height;
}

/// IoU; with an ignore region, the share of the detection that lies in it.
double overlap(const Object& detection, const Object& object) {
  if (!is_ignore_region(object)) return box_iou(detection.box, object.box);
  const double own = area(detection.box);
  return own == 0 ? 0 : area(detection.box & object.box) / own;
}

std::vector<size_t> by_score(const std::vector<Object>& objects) {
  std::vector<size_t> order(objects.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return objects[a].score > objects[b].score; });
  return order;
}

/// Whether a detection may be given to an object: to one that counts, or else to one that does not.
bool suits(const Object& detection, const Object& object, const Counts& counts, bool counting) {
  const bool own = object.class_index == detection.class_index;
  if (is_ignore_region(object)) return !counting && (own || object.class_index < 0);
  return own && (!counts || counts(object)) == counting;
}

/// The free one with the largest overlap (the last of equals, as in COCO) among the objects that
/// count, or among those that do not; -1 when none reaches `least`.
int64_t best_free(const Object& detection, const std::vector<Object>& truth,
                  const std::vector<bool>& taken, double least, const Counts& counts,
                  bool counting) {
  int64_t best = -1;
  for (size_t i = 0; i < truth.size(); ++i) {
    if (taken[i] || !suits(detection, truth[i], counts, counting)) continue;
    const double shared = overlap(detection, truth[i]);
    if (shared < least) continue;
    best = static_cast<int64_t>(i);
    least = shared;
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
    if (beside < 0 && (!counts || counts(detection))) continue;
    matches[i] = {Match::Verdict::ignored, -1};
    // A region has room for any number.
    if (beside >= 0) {
      const auto index = static_cast<size_t>(beside);
      taken[index] = !is_ignore_region(truth[index]);
    }
  }
  return matches;
}

}  // namespace manyfold::metrics
