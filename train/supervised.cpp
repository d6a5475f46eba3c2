#include "train/supervised.h"

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
          select(labels.landmarks, rows), select(labels.visible, rows),
          select(labels.labelled, rows)};
}

/// The rows that a task's head is run on: those with its label and those of lessons.
class HeadRows {
 public:
  HeadRows(const Tensor& present, const std::vector<Lesson>& lessons) : run_(present) {
    for (const auto& lesson : lessons) {
      run_ = lesson.rows ? run_.index_fill(0, lesson.rows->to(run_.device()), true)
                         : torch::ones_like(run_);
    }
    everyone_ = run_.all().item<bool>();
  }

  bool none() const { return !run_.any().item<bool>(); }
  Rows rows() const { return everyone_ ? Rows() : Rows(run_.nonzero().flatten()); }
  /// Of the head's outputs, those for some rows of the batch.
  std::vector<Tensor> select(const std::vector<Tensor>& outputs, const Rows& rows) const {
    if (!rows) return outputs;
    const auto places = everyone_ ? *rows : (run_.cumsum(0) - 1).index_select(0, *rows);
    if (places.size(0) == outputs.at(0).size(0)) return outputs;
    std::vector<Tensor> selected;
    for (const auto& output : outputs) selected.push_back(output.index_select(0, places));
    return selected;
  }

 private:
  Tensor run_;  // bool [N]
  bool everyone_ = false;
};

/// One task of a batch: its terms, out of one run of its head.
Terms task_terms(const Forward& forward, const std::vector<Tensor>& features,
                 const std::string& name, const Task& task, const data::Labels& labels,
                 const std::vector<Lesson>& lessons) {
  const HeadRows rows(labels.present, lessons);
  if (rows.none()) return {};
  const auto outputs = forward.head(name, features, rows.rows());
  const auto labelled = labels.present.nonzero().flatten();
  Terms terms;
  if (labelled.size(0) == labels.present.size(0)) {
    terms = task.loss(outputs, labels);
  } else if (labelled.size(0) > 0) {
    terms = task.loss(rows.select(outputs, labelled), select(labels, labelled));
  }
  for (const auto& lesson : lessons) {
    terms.push_back({lesson.term, lesson.loss(rows.select(outputs, lesson.rows)), lesson.weight});
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
                           const Lessons& lessons, models::State* state) {
  const auto maps = forward.encode(batch.pictures.flatten(0, 1));
  const auto seen = remembered(forward, maps, batch.frames(), state ? *state : models::State());
  if (state) *state = models::detached(seen.state);
  const auto& features = seen.features;
  TaskTerms all;
  for (const auto& [name, options] : tasks) {
    auto terms = task_terms(forward, features, name, *options.task, batch.labels.at(name),
                            lessons_of(lessons, name));
    if (!terms.empty()) all.emplace_back(name, std::move(terms));
  }
  Terms on_features;
  for (const auto& lesson : lessons.features)
    on_features.push_back({lesson.term, lesson.loss(maps), lesson.weight});
  if (!on_features.empty()) all.emplace_back(kFeatureTerms, std::move(on_features));
  return all;
}

Lessons imitation_lessons(const std::string& term, const Forward& teacher, const Tasks& tasks,
                          const data::Batch& batch, double weight, double temperature,
                          const models::State& state) {
  const torch::NoGradGuard no_grad;
  const auto features = look_at(teacher, batch.pictures, state).features;
  Lessons lessons;
  for (const auto& [name, options] : tasks) {
    const auto labelled = batch.labels.at(name).present.nonzero().flatten();
    if (labelled.size(0) == 0) continue;
    const auto rows = labelled.size(0) == batch.rows() ? Rows() : Rows(labelled);
    const auto taught = teacher.head(name, features, rows);
    const auto loss = [task = options.task, taught,
                       temperature](const std::vector<Tensor>& outputs) {
      return task->imitation(outputs, taught, temperature);
    };
    lessons.by_task[name].push_back({term, weight, rows, loss});
  }
  return lessons;
}

}  // namespace manyfold::train
