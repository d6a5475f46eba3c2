#include "train/supervised.h"

#include <algorithm>

namespace manyfold::train {
namespace {

using torch::Tensor;

Tensor select(const Tensor& tensor, const Tensor& rows) {
  return tensor.defined() ? tensor.index_select(0, rows) : tensor;
}

data::Labels select(const data::Labels& labels, const Tensor& rows) {
  return {select(labels.present, rows),   select(labels.mask, rows),
          select(labels.index, rows),     select(labels.count, rows),
          select(labels.box, rows),       select(labels.object_class, rows),
          select(labels.landmarks, rows), select(labels.visible, rows)};
}

std::vector<Tensor> select(const std::vector<Tensor>& tensors, const Tensor& rows) {
  std::vector<Tensor> selected;
  for (const auto& tensor : tensors) selected.push_back(tensor.index_select(0, rows));
  return selected;
}

/// One task of a batch: its terms, out of one run of its head.
Terms task_terms(const Forward& forward, const std::vector<Tensor>& features,
                 const std::string& name, const Task& task, const data::Labels& labels,
                 const std::vector<Lesson>& lessons) {
  const auto labelled = labels.present.nonzero().flatten();
  const auto count = labelled.size(0);
  const bool all_labelled = count == labels.present.size(0);
  const bool every_row = all_labelled || std::any_of(lessons.begin(), lessons.end(),
                                                     [](const auto& l) { return l.every_row; });
  if (count == 0 && !every_row) return {};
  const auto label_rows = all_labelled ? Rows() : Rows(labelled);
  const auto outputs = forward.head(name, features, every_row ? Rows() : label_rows);
  const auto of_labelled = every_row && !all_labelled ? select(outputs, labelled) : outputs;
  Terms terms;
  if (count > 0) terms = task.loss(of_labelled, all_labelled ? labels : select(labels, labelled));
  for (const auto& lesson : lessons) {
    if (!lesson.every_row && count == 0) continue;
    terms.push_back(
        {lesson.term,
         lesson.every_row ? lesson.loss(outputs, Rows()) : lesson.loss(of_labelled, label_rows),
         lesson.weight});
  }
  return terms;
}

const std::vector<Lesson>& lessons_of(const Lessons& lessons, const std::string& task) {
  static const std::vector<Lesson> none;
  const auto found = lessons.by_task.find(task);
  return found == lessons.by_task.end() ? none : found->second;
}

}  // namespace

TaskTerms supervised_terms(const Forward& forward, const Tasks& tasks, const data::Batch& batch,
                           const Lessons& lessons) {
  const auto features = forward.encode(batch.pictures.flatten(0, 1));
  TaskTerms all;
  for (const auto& [name, options] : tasks) {
    auto terms = task_terms(forward, features, name, *options.task, batch.labels.at(name),
                            lessons_of(lessons, name));
    if (!terms.empty()) all.emplace_back(name, std::move(terms));
  }
  Terms on_features;
  for (const auto& lesson : lessons.features)
    on_features.push_back({lesson.term, lesson.loss(features), lesson.weight});
  if (!on_features.empty()) all.emplace_back(kFeatureTerms, std::move(on_features));
  return all;
}

Lessons imitation_lessons(const Forward& teacher, const Tasks& tasks, const data::Batch& batch,
                          double weight, double temperature) {
  const torch::NoGradGuard no_grad;
  const auto features = teacher.encode(batch.pictures.flatten(0, 1));
  Lessons lessons;
  for (const auto& entry : tasks) {
    const auto& name = entry.first;
    const auto& task = *entry.second.task;
    lessons.by_task[name].push_back({"imitation", weight, /*every_row=*/false,
                                     [&teacher, &task, name, features, temperature](
                                         const std::vector<Tensor>& outputs, const Rows& rows) {
                                       std::vector<Tensor> taught;
                                       {
                                         const torch::NoGradGuard guard;
                                         taught = teacher.head(name, features, rows);
                                       }
                                       return task.imitation(outputs, taught, temperature);
                                     }});
  }
  return lessons;
}

}  // namespace manyfold::train
