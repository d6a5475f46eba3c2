#include "cli/pretrain/probing.h"

#include <ATen/ATen.h>

#include <limits>

#include "common/error.h"
#include "data/loading/evaluation_loader.h"
#include "pretrain/knn.h"

namespace manyfold::cli {
namespace {

using at::Tensor;

/// Sources that label the task; others say nothing here.
std::vector<std::pair<std::string, data::SourceOptions>> labelling(
    const std::vector<std::pair<std::string, data::SourceOptions>>& sources,
    const std::string& task) {
  std::vector<std::pair<std::string, data::SourceOptions>> kept;
  for (const auto& source : sources) {
    for (const auto& label : source.second.labels) {
      if (label.first == task) kept.push_back(source);
    }
  }
  return kept;
}

std::vector<const data::Source*> pointers(const data::TrainingSources& sources) {
  std::vector<const data::Source*> plain;
  for (const auto& entry : sources.all) plain.push_back(entry.source.get());
  return plain;
}

double accuracy(const Tensor& predicted, const Tensor& truth) {
  return predicted.eq(truth).to(at::kDouble).mean().item<double>();
}

}  // namespace

void ProbeOptions::fields(config::Fields& f) {
  f.entries("tasks", tasks, "The classification task that the encoder is probed with.");
  f.section("data", data, "Pictures with known classes (sources) and sets to judge on.");
  f.field("neighbours", neighbours, "Of the nearest-neighbour vote.", config::at_least(1));
  f.field("temperature", temperature, "Of its weights, exp(similarity / temperature).",
          config::positive());
  f.section("linear", linear, "The linear classifier on frozen features.");
}

Probe::Probe(const ProbeOptions& options)
    : options_(options),
      specs_(train::label_specs(options.tasks)),
      bad_(options.data.max_bad_share) {
  const bool fits =
      specs_.size() == 1 && specs_.begin()->second.kind == data::LabelSpec::Kind::class_index;
  if (!fits) throw ConfigError("a probe needs one task, a classification, under `tasks`");
  const auto& task = specs_.begin()->first;
  options_.data.sources = labelling(options_.data.sources, task);
  bank_ = data::open_training_sources(options_.data, specs_, data::Unlabelled::dropped);
  queries_ = data::open_sources(labelling(options_.data.validation, task), specs_);
  if (bank_.all.empty() || queries_.empty()) {
    throw ConfigError("a probe of task " + task + " needs data.sources and data.validation that " +
                      "label it");
  }
}

Probe::Labelled Probe::embed_all(const std::vector<const data::Source*>& sources,
                                 const Embed& embed) {
  std::vector<Tensor> embeddings, classes;
  for (const auto* source : sources) {
    const auto loader = data::evaluation_loader(*source, options_.data, specs_, bad_);
    while (const auto batch = loader->next()) {
      const auto index = batch->labels.begin()->second.index;
      const auto rows = index.ge(0).nonzero().flatten();
      if (rows.size(0) == 0) continue;
      embeddings.push_back(embed(batch->pictures.flatten(0, 1)).index_select(0, rows));
      classes.push_back(index.index_select(0, rows));
    }
  }
  if (embeddings.empty()) return {};
  return {at::cat(embeddings), at::cat(classes)};
}

std::vector<ProbeFigures> Probe::measure(const Embed& embed, bool linear) {
  const auto bank = embed_all(pointers(bank_), embed);
  if (!bank.classes.defined()) throw UserError("the probe's data.sources label no picture");
  bank_size_ = bank.classes.size(0);
  const auto classes = static_cast<int64_t>(specs_.begin()->second.classes.size());
  std::vector<ProbeFigures> all;
  for (const auto& source : queries_) {
    const auto queries = embed_all({source.get()}, embed);
    if (!queries.classes.defined()) continue;
    ProbeFigures figures;
    figures.set = source->name();
    figures.pictures = queries.classes.size(0);
    const auto neighbours =
        pretrain::knn_predict(bank.embeddings, bank.classes, queries.embeddings, classes,
                              options_.neighbours, options_.temperature);
    figures.knn = accuracy(neighbours, queries.classes);
    if (linear) {
      const auto predicted = pretrain::linear_probe_predict(
          bank.embeddings, bank.classes, queries.embeddings, classes, options_.linear);
      figures.linear = accuracy(predicted, queries.classes);
    }
    all.push_back(figures);
  }
  return all;
}

double mean_knn(const std::vector<ProbeFigures>& figures) {
  double sum = 0;
  for (const auto& each : figures) sum += each.knn;
  return figures.empty() ? std::numeric_limits<double>::quiet_NaN()
                         : sum / static_cast<double>(figures.size());
}

}  // namespace manyfold::cli
