#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "exporters/runtime.h"
#include "graph/graph.h"

namespace manyfold::exporters {

/// A model with memory: what it returns as `output` is its `input` with the next frame. Zeros
/// begin.
struct StatePair {
  std::string input, output;
};

/// How far one output of ONNX Runtime is from LibTorch's.
struct OutputDifference {
  double max = 0;      // largest absolute difference
  double mean = 0;     // mean absolute difference
  double largest = 0;  // largest absolute value of LibTorch's output
  double step = 0;     // of an output that is fake-quantised: its scale, else 0
  bool passed = true;
};

/// LibTorch and ONNX Runtime on the same inputs.
struct Verification {
  std::map<std::string, OutputDifference> outputs;
  int64_t samples = 0;
  std::optional<double> tolerance;  // none: the differences are told, not judged
  std::string runtime;              // "ONNX Runtime 1.29.0"
  bool passed = true;

  nlohmann::json json() const;
  /// "mask: max 2.4e-06, mean 3.1e-07 on values up to 8.1", a line for each output.
  /// Of a fake-quantised one also "mean 0.02 steps of 0.05".
  std::string text() const;
};

/// Runs `graph` and `session` on every example. An output passes when its largest difference is at
/// most `tolerance * max(1, largest value)` and nothing is NaN where LibTorch has a number. Float
/// examples are given to a session that takes another floating type in that type. Without a
/// tolerance only NaN is judged. `also`, when given, sees all that the session returned for each.
///
/// With `states` the examples are the frames of one clip: both begin with zeros, and each goes on
/// with what it returned itself, so that a difference that grows shows.
///
/// Of a quantised model the mean difference in steps says more than the largest: one rounding that
/// falls the other way is a whole step, and moves values of every layer after it.
Verification verify(const graph::Graph& graph, const Session& session,
                    const std::vector<std::map<std::string, at::Tensor>>& examples,
                    std::optional<double> tolerance, const std::vector<StatePair>& states = {},
                    const std::function<void(const NamedOutputs&)>& also = {});

/// The frames of a clip with the state that the graph has before each of them; every frame has as
/// many rows as the others.
std::vector<std::map<std::string, at::Tensor>> with_states(
    const graph::Graph& graph, std::vector<std::map<std::string, at::Tensor>> frames,
    const std::vector<StatePair>& states);

/// `samples` rows of noise for every input of a graph: bytes, or standard normal numbers. The same
/// for the same seed. For when there is no real data at hand.
std::map<std::string, at::Tensor> random_example(const graph::Graph& graph, int64_t samples,
                                                 uint64_t seed = 0);

}  // namespace manyfold::exporters
