#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/replay.h"

namespace manyfold::graph {

/// What one float value of a graph held in one run.
struct ValueRange {
  std::string name;     // of the value
  std::string scope;    // the module it comes from
  double largest = 0;   // |x|, of the finite ones
  double smallest = 0;  // |x|, of those that are finite and not 0; 0 when there are none
  int64_t count = 0;
  int64_t infinite = 0, nan = 0;
  int64_t beyond_half = 0;  // finite and |x| >= 65520: infinite in half precision
  int64_t vanishing = 0;    // not 0, and 0 in half precision: |x| <= 2^-25
  int64_t subnormal = 0;    // not 0 in half precision, |x| < 2^-14 = 6.104e-5
};

/// Every float value that the graph computes from `feeds` (see `Replay::run`), in order of
/// execution. All of them are held at once: feed a few samples at a time.
std::vector<ValueRange> value_ranges(const Replay& replay, const TensorMap& feeds);

/// Adds what another run of the same value held.
void merge(ValueRange& range, const ValueRange& other);

}  // namespace manyfold::graph
