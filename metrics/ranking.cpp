#include "metrics/ranking.h"

#include <algorithm>
#include <cmath>

namespace manyfold::metrics {

void Ranking::add(float score, const Match& match) {
  if (match.verdict == Match::Verdict::ignored) return;
  detections.emplace_back(score, match.verdict == Match::Verdict::hit);
}

std::vector<std::pair<float, bool>> Ranking::sorted() const {
  auto order = detections;
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  return order;
}

std::vector<bool> Ranking::hits() const {
  std::vector<bool> hits;
  for (const auto& [score, hit] : sorted()) hits.push_back(hit);
  return hits;
}

std::optional<int64_t> Ranking::false_alarms_at(double recall) const {
  if (truths == 0) return std::nullopt;
  // 0.8 * 5 may come out above 4.
  const auto needed = static_cast<int64_t>(std::ceil(recall * static_cast<double>(truths) - 1e-9));
  const auto order = sorted();
  int64_t found = 0, alarms = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    // No score lets only some of the detections pass that have it.
    if (found >= needed && order[i].first < order[i - 1].first) break;
    ++(order[i].second ? found : alarms);
  }
  if (found < needed) return std::nullopt;
  return alarms;
}

}  // namespace manyfold::metrics
