#pragma once

#include <string>
#include <vector>

#include "data/loading/batch.h"
#include "distill/asked.h"
#include "distill/options.h"
#include "train/lessons.h"
#include "train/task.h"

namespace manyfold::distill {

/// A loss on the tasks' outputs: `outputs` (each task's own imitation) or `channels` (channel-wise,
/// of tasks with output maps). Where several teachers answer a task, imitation sees the mean of
/// their probabilities, channels the mean of their numbers.
class OutputLoss {
 public:
  /// Throws ConfigError for a task that is unknown, that no teacher answers, or that has no map.
  OutputLoss(std::string name, LossOptions options, const train::Tasks& tasks,
             const Teachers& teachers);

  /// Adds its lessons with `weight`. The lessons keep what they need.
  void teach(train::Lessons& lessons, double weight, const Teachers& teachers,
             const Answers& answers, const data::Batch& batch) const;

 private:
  std::string name_;
  LossOptions options_;
  train::Tasks tasks_;  // those that it is about
};

}  // namespace manyfold::distill
