#pragma once

#include <array>
#include <vector>

#include "data/label.h"
#include "metrics/ranking.h"

namespace manyfold::metrics {

/// COCO's average precision ("AP"), as its evaluation computes it (pycocotools, COCOeval for
/// "bbox": evaluateImg and accumulate, area "all", maxDets 100):
///   - each class by itself: of its detections in a picture the 100 best count, and only its own
///     ignore regions, or those of no class (a negative one), take detections out;
///   - matched as match_objects() does, at the IoUs 0.50, 0.55 ... 0.95;
///   - precision read off its envelope at the recalls 0, 0.01 ... 1.
class CocoAveragePrecision {
 public:
  explicit CocoAveragePrecision(size_t classes) : rankings_(classes) {}

  /// One picture; every class was looked for in it.
  void add(const std::vector<data::Object>& predicted, const std::vector<data::Object>& truth);
  /// Of each class, the mean over the ten IoUs; NaN where the class never occurs.
  std::vector<double> by_class() const;

 private:
  static constexpr size_t kThresholds = 10;
  static double threshold(size_t i) { return static_cast<double>(50 + 5 * i) / 100; }

  std::vector<std::array<Ranking, kThresholds>> rankings_;  // by class
};

}  // namespace manyfold::metrics
