#pragma once

#include <string>
#include <utility>
#include <vector>

#include "data/loading/batch.h"
#include "train/forward.h"
#include "train/lessons.h"
#include "train/task.h"

namespace manyfold::train {

/// The loss terms of every task that was run on a batch.
using TaskTerms = std::vector<std::pair<std::string, Terms>>;

/// Learns from labels, and from `lessons` beside them. The encoder sees every picture; a head sees
/// the rows that carry its task's label or that a lesson of it is about, and is not run when
/// there are none. So a term is averaged over the pictures it is about, and without lessons neither
/// a head's gradient nor its BatchNorm statistics depend on how many others are in the batch.
/// `state`: what is remembered before clips, replaced by what is remembered after them; null: they
/// begin anew.
TaskTerms supervised_terms(const Forward& forward, const Tasks& tasks, const data::Batch& batch,
                           const Lessons& lessons = {}, models::State* state = nullptr);

/// The lessons of a batch that pull every task to another model's outputs for the pictures that
/// carry its label, as a term of the given name. `teacher` is run here, without gradients, from
/// `state` on.
Lessons imitation_lessons(const std::string& term, const Forward& teacher, const Tasks& tasks,
                          const data::Batch& batch, double weight, double temperature,
                          const models::State& state = {});

}  // namespace manyfold::train
