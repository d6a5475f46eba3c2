#pragma once

#include <string>
#include <utility>
#include <vector>

#include "data/batch.h"
#include "train/forward.h"
#include "train/task.h"

namespace manyfold::train {

/// The loss terms of every task that was run on a batch.
using TaskTerms = std::vector<std::pair<std::string, Terms>>;

/// A model whose outputs the one in training is pulled to, beside the labels.
struct Teacher {
  Forward forward;  // run without gradients
  double weight = 1;
  double temperature = 1;  // of scores
};

/// Learns from labels, and from a teacher's outputs for the same rows where there is one. The
/// encoder sees every picture; a head sees the rows that carry its task's label, and is not run
/// when there are none. So a term is averaged over labelled pictures, and neither a head's gradient
/// nor its BatchNorm statistics depend on how many others are in the batch.
TaskTerms supervised_terms(const Forward& forward, const Tasks& tasks, const data::Batch& batch,
                           const Teacher* teacher = nullptr);

}  // namespace manyfold::train
