#include "train/evaluate.h"

#include <cmath>

#include "data/loading/evaluation_loader.h"
#include "data/loading/uncollate.h"
#include "metrics/temporal/metric.h"

namespace manyfold::train {
namespace {

/// What is measured of one task on one set.
struct Measured {
  std::unique_ptr<metrics::Metric> right;
  std::unique_ptr<metrics::TemporalMetric> steady;  // along clips; else null

  SetFigures figures(const std::string& set, const std::string& task) const {
    SetFigures found = {set, task, right->figures(), right->details()};
    if (!steady) return found;
    for (auto& figure : steady->figures()) found.figures.push_back(std::move(figure));
    found.details["clips"] = steady->details();
    return found;
  }
};

cv::Size size_of(const data::Batch& batch) {
  return {static_cast<int>(batch.pictures.size(4)), static_cast<int>(batch.pictures.size(3))};
}

data::Motion motion_of(const data::Batch& batch, int64_t row, cv::Size size) {
  if (!batch.motion.defined()) return {};
  const auto field = batch.motion[row].contiguous();
  if (!field.isfinite().any().item<bool>()) return {};
  return {cv::Mat(size, CV_32FC2, field.data_ptr<float>()).clone()};
}

/// One validation set, batch by batch.
class SetMeasures {
 public:
  SetMeasures(const data::Source& source, const Tasks& tasks, const data::LabelSpecs& specs,
              int64_t trained_frames)
      : source_(source), tasks_(tasks), specs_(specs) {
    if (!source.clips()) return;
    metrics::TemporalOptions options;
    options.trained_frames = trained_frames;
    for (const auto& [name, task] : tasks) {
      options.operating_score = task.task->threshold();
      measured_[name] = {task.task->metric(), metrics::temporal_metric(specs.at(name), options)};
    }
  }

  void add(const data::Batch& batch, const models::Outputs& outputs) {
    const auto size = size_of(batch);
    for (const auto& [name, options] : tasks_) {
      const auto& labels = batch.labels.at(name);
      if (!source_.clips() && !labels.present.any().item<bool>()) continue;
      const auto predicted = options.task->decode(outputs.at(name), size);
      auto& measured = measured_[name];
      if (!measured.right) measured.right = options.task->metric();
      if (measured.steady && !batch.continues) measured.steady->start();
      for (int64_t row = 0; row < batch.rows(); ++row) {
        const auto& said = predicted.at(static_cast<size_t>(row));
        const auto truth = data::label_of(labels, specs_.at(name), row, size);
        if (truth) measured.right->add(said, *truth);
        if (!measured.steady) continue;
        measured.steady->add(
            said, truth ? &*truth : nullptr,
            data::picture_of(batch.pictures, row / batch.frames(), row % batch.frames()),
            motion_of(batch, row, size));
      }
    }
  }

  void report(std::vector<SetFigures>& sets) const {
    for (const auto& [task, measured] : measured_)
      sets.push_back(measured.figures(source_.name(), task));
  }

 private:
  const data::Source& source_;
  const Tasks& tasks_;
  const data::LabelSpecs& specs_;
  std::map<std::string, Measured> measured_;
};

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
    SetMeasures measures(*source, tasks, data.specs, data.options.clips.frames);
    models::State state;
    bool broken = false;
    const auto loader = data::evaluation_loader(*source, data.options, data.specs, data.bad_files);
    while (const auto batch = loader->next()) {
      // Of a clip with frames that cannot be read the rest is left out as well.
      broken =
          source->clips() && (batch->origins.at(0).name.empty() || (broken && batch->continues));
      if (broken) continue;
      auto seen = predict.along(batch->pictures, batch->continues ? state : models::State());
      state = std::move(seen.state);
      measures.add(*batch, seen.outputs);
    }
    measures.report(evaluation.sets);
  }
  evaluation.score = score_of(evaluation.sets, tasks);
  return evaluation;
}

}  // namespace manyfold::train
