#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "pretrain/options.h"

namespace manyfold::pretrain {

/// Ends a run whose model has found a way to please the loss without looking at the pictures:
///   uniform   the teacher holds all prototypes for equally likely, of every picture, and the
///             student agrees (divergence below 1 % of ln K)
///   constant  the teacher is sure of the same few prototypes, less than a tenth of those it could
///             use, of every picture
///   features  the encoder's features point the same way for all pictures
/// The first two are dino's. A healthy run of dino begins near uniform, so the first `grace` steps
/// do not count and a limit must be passed `patience` steps in a row; the loss alone says nothing.
class CollapseWatch {
 public:
  explicit CollapseWatch(const PretrainOptions& options);

  /// To be called with the terms of each step, "<method>.<term>". Returns a line of warning when
  /// half of the patience is over, and otherwise nothing. Throws UserError when all of it is.
  /// Values that are missing or NaN are past no limit.
  std::string observe(int64_t step, const std::map<std::string, double>& terms);

 private:
  using Values = std::function<double(const char* term)>;
  struct Collapse {
    std::string what;     // goes on after "pre-training "
    std::string way_out;  // a sentence
    std::function<bool(const Values&)> seen;
    int64_t steps = 0;  // in a row
  };

  void watch_dino(const PretrainOptions& options);

  std::string method_;
  AlarmOptions alarms_;
  std::vector<Collapse> collapses_;
};

}  // namespace manyfold::pretrain
