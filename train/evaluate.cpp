#include "train/evaluate.h"

#include <cmath>

#include "data/uncollate.h"

namespace manyfold::train {
namespace {

using Metrics = std::map<std::string, std::unique_ptr<metrics::Metric>>;

/// Adds one batch to the metrics of the tasks that it labels.
void measure(const data::Batch& batch, const models::Outputs& outputs, const Tasks& tasks,
             const data::LabelSpecs& specs, Metrics& metrics) {
  const cv::Size size(static_cast<int>(batch.pictures.size(4)),
                      static_cast<int>(batch.pictures.size(3)));
  for (const auto& [name, options] : tasks) {
    const auto& labels = batch.labels.at(name);
    if (!labels.present.any().item<bool>()) continue;
    const auto predicted = options.task->decode(outputs.at(name), size);
    auto& metric = metrics[name];
    if (!metric) metric = options.task->metric();
    for (int64_t row = 0; row < batch.size(); ++row) {
      const auto truth = data::label_of(labels, specs.at(name), row, size);
      if (truth) metric->add(predicted.at(static_cast<size_t>(row)), *truth);
    }
  }
}

/// Of the finite ones; NaN without any.
double mean(const std::vector<double>& values) {
  double sum = 0, count = 0;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    sum += value;
    ++count;
  }
  return sum / count;
}

}  // namespace

double score_of(const std::vector<SetFigures>& sets, const Tasks& tasks) {
  std::vector<double> by_task;
  for (const auto& [name, options] : tasks) {
    std::vector<double> by_set;
    for (const auto& set : sets) {
      if (set.task == name) by_set.push_back(options.task->score(set.figures));
    }
    by_task.push_back(mean(by_set));
  }
  const double score = mean(by_task);
  return std::isfinite(score) ? score : -1;
}

std::map<std::string, double> Evaluation::flat() const {
  std::map<std::string, double> values;
  for (const auto& set : sets) {
    for (const auto& figure : set.figures) {
      if (std::isfinite(figure.value))
        values[set.set + "/" + set.task + "/" + figure.name] = figure.value;
    }
  }
  return values;
}

ValidationData::ValidationData(const data::DataOptions& options, const data::LabelSpecs& specs)
    : options(options),
      specs(specs),
      sources(data::open_sources(options.validation, specs)),
      bad_files(options.max_bad_share) {}

Evaluation evaluate(const Predictor& predict, const Tasks& tasks, ValidationData& data) {
  Evaluation evaluation;
  for (const auto& source : data.sources) {
    Metrics metrics;
    const auto loader = data::evaluation_loader(*source, data.options, data.specs, data.bad_files);
    while (const auto batch = loader->next()) {
      measure(*batch, predict(batch->pictures.flatten(0, 1)), tasks, data.specs, metrics);
    }
    for (const auto& [task, metric] : metrics) {
      evaluation.sets.push_back({source->name(), task, metric->figures(), metric->details()});
    }
  }
  evaluation.score = score_of(evaluation.sets, tasks);
  return evaluation;
}

}  // namespace manyfold::train
