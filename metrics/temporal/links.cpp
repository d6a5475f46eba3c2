#include "metrics/temporal/links.h"

#include <algorithm>

#include "metrics/matching.h"

namespace manyfold::metrics {
namespace {

struct Pair {
  double iou;
  size_t object, other;
};

std::vector<Pair> candidates(const std::vector<data::Object>& objects,
                             const std::vector<data::Object>& others, double iou) {
  std::vector<Pair> pairs;
  for (size_t i = 0; i < objects.size(); ++i) {
    for (size_t j = 0; j < others.size(); ++j) {
      if (objects[i].class_index != others[j].class_index) continue;
      const double overlap = box_iou(objects[i].box, others[j].box);
      if (overlap >= iou) pairs.push_back({overlap, i, j});
    }
  }
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const Pair& a, const Pair& b) { return a.iou > b.iou; });
  return pairs;
}

}  // namespace

std::vector<int64_t> link_objects(const std::vector<data::Object>& objects,
                                  const std::vector<data::Object>& others, double iou) {
  std::vector<int64_t> partner(objects.size(), -1);
  std::vector<bool> taken(others.size(), false);
  for (const Pair& pair : candidates(objects, others, iou)) {
    if (partner[pair.object] >= 0 || taken[pair.other]) continue;
    partner[pair.object] = static_cast<int64_t>(pair.other);
    taken[pair.other] = true;
  }
  return partner;
}

}  // namespace manyfold::metrics
