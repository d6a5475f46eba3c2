#pragma once

#include <string>
#include <vector>

#include "common/config/fields.h"
#include "data/loading/batch.h"
#include "train/lessons.h"
#include "train/task.h"

namespace manyfold::train {

/// How much neighbouring predictions of clips are held together: the keys under
/// `train.consistency`.
struct ConsistencyOptions {
  double weight = 0;  // 0 = not at all
  std::vector<std::string> tasks;

  void fields(config::Fields& f);
};

/// Throws ConfigError for tasks that the job has not, and for those with boxes.
void check(const ConsistencyOptions& options, const Tasks& tasks);

/// Lessons of a batch of clips that hold the predictions of neighbouring frames together, as a term
/// `consistency` of each task; none of stills:
///
/// - masks: where a pixel's motion is known (`Batch::motion`), its probabilities are to be those of
///   the place that it came from; less so where the pictures differ there.
/// - classes: probabilities are to stay while the label does, and where no frame of the two is
///   labelled.
///
/// Boxes are left out: what moves is what they say. See losses/consistency.h.
Lessons consistency_lessons(const Tasks& tasks, const data::Batch& batch,
                            const ConsistencyOptions& options);

}  // namespace manyfold::train
