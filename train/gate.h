#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "train/evaluate.h"
#include "train/task.h"

namespace manyfold::train {

/// Whether an exported model is still good enough.
struct Gate {
  /// One figure of one task: the mean over the validation sets that have it.
  struct Row {
    std::string task, figure;
    double reference = 0;
    double found = 0;  // NaN when no set has it any more
    double limit = 0;  // of the difference, in the figure's unit
    bool passed = true;

    double difference() const { return found - reference; }
  };

  std::vector<Row> rows;  // without the figures that the reference has not

  bool passed() const;
  /// {"passed", "figures": [{"task", "figure", "reference", "found", "difference", "limit",
  /// "passed"}]}
  nlohmann::json json() const;
  /// "faces.ap50: 0.9312 -> 0.9105, a difference of -0.0207, allowed 0.01: failed", a line for each
  /// figure.
  std::string text() const;
};

/// Fails where a figure of `Task::gate` is worse than in `reference` by more than its limit, or is
/// gone; getting better never fails. `limits` replace those of the tasks by "<task>.<figure>", in
/// the same unit. Throws ConfigError for a limit that names no figure of the gate.
Gate gate_check(const Evaluation& reference, const Evaluation& found, const Tasks& tasks,
                const std::map<std::string, double>& limits = {});

/// Whether two runs of one model agree, such as its fake-quantised form in LibTorch and its integer
/// kernels: fails where a figure of `Task::gate` differs by more than `limit`, in either direction.
Gate agreement_check(const Evaluation& reference, const Evaluation& found, const Tasks& tasks,
                     double limit = 0.001);

}  // namespace manyfold::train
