#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace manyfold::metrics {

/// How often each class was taken for each other. What a ratio divides by may be nothing: the
/// ratio is then NaN.
class ConfusionMatrix {
 public:
  explicit ConfusionMatrix(std::vector<std::string> classes);

  /// Counts `n` things of class `truth` that were taken for `predicted`. Throws
  /// std::invalid_argument for an index outside the classes.
  void add(int64_t truth, int64_t predicted, int64_t n = 1);

  int64_t count(int64_t truth, int64_t predicted) const;
  int64_t truths(int64_t c) const;       // things that are c
  int64_t predictions(int64_t c) const;  // things taken for c
  int64_t total() const;
  const std::vector<std::string>& classes() const { return classes_; }

  double accuracy() const;
  /// Both / (truth or prediction); NaN for a class in neither.
  double iou(int64_t c) const;
  /// 2 TP / (2 TP + FP + FN); NaN for a class in neither truth nor predictions, and 0 for one that
  /// was only predicted.
  double f1(int64_t c) const;

  /// {"classes": [...], "rows": "truth", "columns": "prediction", "counts": [[...]]}
  nlohmann::json to_json() const;

 private:
  size_t checked(int64_t c, const char* what) const;

  std::vector<std::string> classes_;
  std::vector<std::vector<int64_t>> counts_;  // [truth][prediction]
};

}  // namespace manyfold::metrics
