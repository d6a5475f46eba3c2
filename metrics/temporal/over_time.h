#pragma once

#include <cstdint>
#include <vector>

#include "metrics/mean.h"

namespace manyfold::metrics {

/// A figure by a frame's place in its clip, to see whether a model that carries state drifts away
/// beyond the length that it was trained on. Each frame brings a part and a whole for every class
/// (intersections and unions, hits and objects); they are summed before they are divided, and the
/// value is the mean over the classes that occur.
class OverTime {
 public:
  /// A new clip begins.
  void start() { clips_.emplace_back(); }

  /// The next frame; nothing when it is not labelled.
  void add(std::vector<Mean> by_class);

  /// Of the first frames of all clips, the second ones, ...; NaN where nothing is labelled.
  std::vector<double> by_frame() const;

  /// Over the first, and over the last, `frames` of every clip that is at least twice as long. The
  /// same clips stand behind both.
  double first(int64_t frames) const;
  double last(int64_t frames) const;

  /// How many clips with labels are at least twice as long as `frames`.
  int64_t clips(int64_t frames) const;

 private:
  std::vector<std::vector<std::vector<Mean>>> clips_;  // [clip][frame][class]
};

/// The mean of the values of the classes that occur; NaN when none does.
double mean_over_classes(const std::vector<Mean>& by_class);

}  // namespace manyfold::metrics
