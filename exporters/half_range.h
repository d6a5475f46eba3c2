#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/ranges.h"

namespace manyfold::exporters {

/// The largest number of half precision.
inline constexpr double kLargestHalf = 65504;

/// What a graph's values would be in half precision.
struct HalfRange {
  /// A convolution's largest possible sum, whatever the order in which it is added up: the largest
  /// over its channels of sum|w| * max|x| + |b|.
  struct Bound {
    std::string name;  // of the node
    double value;
  };

  int64_t samples = 0;
  graph::ValueRange largest;                  // the value that holds the largest number
  std::vector<graph::ValueRange> near_limit;  // those above a quarter of the largest half
  std::vector<graph::ValueRange> small;       // those with numbers that lose digits, or become 0
  std::vector<Bound> bounds;  // those past the largest half: a device that adds in half precision
                              // may overflow there

  nlohmann::json json() const;
  /// A line for each value near the limit, and for each bound past it; empty when all is well.
  std::string text() const;
};

/// Runs a graph that was prepared for export (its BatchNorm folded) on every example, and says
/// which of its values half precision cannot hold. `examples` are input tensors by name, some
/// samples each. Throws UserError for a value beyond 65504, naming its layer and the way out.
HalfRange check_half_range(const graph::Graph& graph,
                           const std::vector<std::map<std::string, at::Tensor>>& examples);

}  // namespace manyfold::exporters
