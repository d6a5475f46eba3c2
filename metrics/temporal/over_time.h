#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "metrics/mean.h"
#include "metrics/metric.h"

namespace manyfold::metrics {

/// A figure by a frame's place in its clip, to see whether a model that carries state drifts away
/// beyond the length that it was trained on. Each frame brings a part and a whole for every class
/// (intersections and unions, hits and objects, changes and pixels); they are summed before they
/// are divided, and the value is the mean over the classes that occur.
class OverTime {
 public:
  /// A new clip begins.
  void start() { clips_.emplace_back(); }

  /// The next frame; nothing when it is not labelled, or has no frame before it where two are
  /// compared.
  void add(std::vector<Mean> by_class);

  /// Over all frames, and of how many things of all classes.
  double value() const;
  int64_t count() const;

  /// Of the first frames of all clips, the second ones, ...; NaN where nothing is labelled.
  std::vector<double> by_frame() const;

  /// Over the first, and over the last, `frames` of every clip that is at least twice as long and
  /// in which something counts at both ends: the same clips stand behind both.
  double first(int64_t frames) const;
  double last(int64_t frames) const;

  /// How many clips that are.
  int64_t clips(int64_t frames) const;

  /// Both ends as figures: <name>_first and <name>_last.
  void append_ends(const std::string& name, bool higher_is_better, int64_t frames,
                   std::vector<Figure>& figures) const;

 private:
  using Clip = std::vector<std::vector<Mean>>;  // [frame][class]

  std::vector<Clip> clips_;
};

/// The mean of the values of the classes that occur; NaN when none does.
double mean_over_classes(const std::vector<Mean>& by_class);

}  // namespace manyfold::metrics
