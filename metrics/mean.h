#pragma once

#include <cstdint>
#include <limits>

namespace manyfold::metrics {

/// A sum and what it is divided by, kept apart so that a set is divided once.
struct Mean {
  double sum = 0;
  int64_t count = 0;

  void add(double value) { *this += {value, 1}; }
  Mean& operator+=(const Mean& other) {
    sum += other.sum;
    count += other.count;
    return *this;
  }
  /// NaN when there was nothing.
  double value() const {
    return count == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(count);
  }
};

}  // namespace manyfold::metrics
