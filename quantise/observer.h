#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "quantise/encoding.h"

namespace manyfold::quantise {

/// A range of numbers, [low, high].
using Range = std::pair<double, double>;

/// Smallest and largest value of all that was added, and their moving average over batches
/// (average += 0.1 (batch - average), beginning with the first batch).
class RangeObserver {
 public:
  void add(const at::Tensor& x);
  /// What was added since the last call was one batch.
  void end_batch();

  bool empty() const { return batches_ == 0; }
  Range all() const { return all_; }
  Range average() const { return average_; }
  /// Values that are infinite or NaN.
  int64_t unfinite() const { return unfinite_; }

 private:
  Range batch_{0, 0}, all_{0, 0}, average_{0, 0};
  bool batch_empty_ = true;
  int64_t batches_ = 0, unfinite_ = 0;
};

/// How often values occur, in equal bins between two bounds.
class Histogram {
 public:
  static constexpr int64_t kBins = 2048;

  explicit Histogram(Range bounds);

  /// What lies outside of the bounds counts in the outermost bins.
  void add(const at::Tensor& x);
  const std::vector<int64_t>& counts() const { return counts_; }

  /// The range that holds all but (100 - percent) percent of the values at each end.
  Range percentile(double percent) const;
  /// Of the ranges inside the bounds, that whose encoding in `format` has the least squared error;
  /// the two ends are shrunk together, then each alone, in a hundred steps.
  Range least_error(const Format& format) const;

 private:
  double error(Range range, const Format& format) const;
  double centre(size_t bin) const;

  Range bounds_;
  std::vector<int64_t> counts_;
};

/// For every channel along `axis` (negative: for all together), the factor in (0, 1] on the largest
/// absolute value that gives the least squared error of a symmetric weight: float [channels] or
/// [1].
at::Tensor least_error_shrink(const at::Tensor& weight, int64_t axis, const Format& format);

}  // namespace manyfold::quantise
