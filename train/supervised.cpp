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
          select(labels.landmarks, rows), select(labels.visible, rows)};
}

template <class Act>
std::vector<Tensor> without_gradients(Act act) {
  const torch::NoGradGuard no_grad;
  return act();
}

}  // namespace

TaskTerms supervised_terms(const Forward& forward, const Tasks& tasks, const data::Batch& batch,
                           const Teacher* teacher) {
  const auto pictures = batch.pictures.flatten(0, 1);
  const auto features = forward.encode(pictures);
  const auto taught = teacher ? without_gradients([&] { return teacher->forward.encode(pictures); })
                              : std::vector<Tensor>();
  TaskTerms all;
  for (const auto& [name, options] : tasks) {
    const auto& labels = batch.labels.at(name);
    const auto labelled = labels.present.nonzero().flatten();
    if (labelled.size(0) == 0) continue;
    const bool everyone = labelled.size(0) == batch.size();
    const auto rows = everyone ? std::nullopt : std::optional<Tensor>(labelled);
    const auto outputs = forward.head(name, features, rows);
    all.emplace_back(name,
                     options.task->loss(outputs, everyone ? labels : select(labels, labelled)));
    if (!teacher) continue;
    const auto target =
        without_gradients([&] { return teacher->forward.head(name, taught, rows); });
    all.back().second.push_back({"imitation",
                                 options.task->imitation(outputs, target, teacher->temperature),
                                 teacher->weight});
  }
  return all;
}

}  // namespace manyfold::train
