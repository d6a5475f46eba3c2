#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "metrics/matching.h"

namespace manyfold::metrics {

/// The detections of one class over a whole set, and the objects that there were.
struct Ranking {
  std::vector<std::pair<float, bool>> detections;  // score, hit
  int64_t truths = 0;

  /// Notes what became of a detection; an ignored one is not noted.
  void add(float score, const Match& match);
  /// By descending score, equal scores in the order in which they were added.
  std::vector<std::pair<float, bool>> sorted() const;
  std::vector<bool> hits() const;
  /// False alarms above the highest score from which on at least `recall`, in (0, 1], of the
  /// objects are found. Nothing when no score finds so many, or when there are no objects.
  std::optional<int64_t> false_alarms_at(double recall) const;
};

}  // namespace manyfold::metrics
