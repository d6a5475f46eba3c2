#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace manyfold::train {

/// Rows of a batch: int64, sorted; none = every row.
using Rows = std::optional<at::Tensor>;

/// A term of one task that is learnt from something else than its labels.
struct Lesson {
  std::string term;   // its name, such as "imitation"
  double weight = 1;  // may be 0 in this step
  Rows rows;          // that it is about, whether they carry the task's label or not; not empty
  /// The raw outputs of the task's head for these rows -> a scalar.
  std::function<at::Tensor(const std::vector<at::Tensor>& outputs)> loss;
};

/// A term on the encoder's feature maps, of every row of a batch.
struct FeatureLesson {
  std::string term;
  double weight = 1;
  std::function<at::Tensor(const std::vector<at::Tensor>& features)> loss;
};

/// What is learnt from one batch beside its labels.
struct Lessons {
  std::map<std::string, std::vector<Lesson>> by_task;
  std::vector<FeatureLesson> features;  // their terms stand under kFeatureTerms
};

/// Adds the lessons of `more` behind those of `all`.
inline void append(Lessons& all, const Lessons& more) {
  for (const auto& [task, lessons] : more.by_task) {
    auto& of_task = all.by_task[task];
    of_task.insert(of_task.end(), lessons.begin(), lessons.end());
  }
  all.features.insert(all.features.end(), more.features.begin(), more.features.end());
}

/// Where the terms of feature lessons stand among the tasks' terms.
constexpr const char* kFeatureTerms = "encoder";

}  // namespace manyfold::train
