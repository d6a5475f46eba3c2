#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "data/data_options.h"
#include "data/loading/bad_files.h"
#include "models/multitask.h"
#include "train/predictor.h"
#include "train/task.h"

namespace manyfold::train {

/// What one validation set says of one task.
struct SetFigures {
  std::string set;
  std::string task;
  std::vector<metrics::Figure> figures;
  nlohmann::json details;
};

/// Mean over the tasks of the mean over the sets of the task's score. A score that is NaN (a class
/// that occurs nowhere in a set) is left out; -1 when none is left.
double score_of(const std::vector<SetFigures>& sets, const Tasks& tasks);

struct Evaluation {
  std::vector<SetFigures> sets;
  double score = -1;  // score_of(sets)

  /// "<set>/<task>/<figure>": value; figures that had nothing to measure are left out.
  std::map<std::string, double> flat() const;
};

/// What there is to evaluate on, opened once for a whole run.
struct ValidationData {
  ValidationData(const data::DataOptions& options, const data::LabelSpecs& specs);
  data::DataOptions options;
  data::LabelSpecs specs;
  data::Sources sources;
  data::BadFiles bad_files;
};

/// Runs every validation set once, in order and without augmentation, and measures every task on
/// the sets that label it. Along clips the model remembers; how steady every task is there is
/// measured beside, by truth or without (metrics/temporal/metric.h).
Evaluation evaluate(const Predictor& predict, const Tasks& tasks, ValidationData& data);

}  // namespace manyfold::train
