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

}  // namespace

TaskTerms supervised_terms(const Forward& forward, const Tasks& tasks, const data::Batch& batch) {
  const auto features = forward.encode(batch.pictures.flatten(0, 1));
  TaskTerms all;
  for (const auto& [name, options] : tasks) {
    const auto& labels = batch.labels.at(name);
    const auto rows = labels.present.nonzero().flatten();
    if (rows.size(0) == 0) continue;
    const bool everyone = rows.size(0) == batch.size();
    const auto outputs =
        forward.head(name, features, everyone ? std::nullopt : std::optional<Tensor>(rows));
    all.emplace_back(name, options.task->loss(outputs, everyone ? labels : select(labels, rows)));
  }
  return all;
}

}  // namespace manyfold::train
