#pragma once

#include <filesystem>
#include <string>

#include "cli/job/job_options.h"
#include "exporters/package.h"
#include "graph/graph.h"
#include "models/multitask.h"
#include "quantise/quantised_model.h"
#include "quantise/sensitivity.h"
#include "train/evaluate.h"

namespace manyfold::cli {

/// Up to `count` pictures, in equal parts from every validation set, each as a batch of one: uint8
/// [1, 3, H, W].
std::vector<std::map<std::string, torch::Tensor>> example_pictures(train::ValidationData& data,
                                                                   int64_t count);

/// How a job's package is written.
exporters::PackageOptions package_options(const ExportOptions& exporting, const RunOptions& run);

/// Writes a package and says what was verified. Throws as exporters::export_package.
void write_package(const std::filesystem::path& folder, const graph::Graph& graph,
                   const std::vector<std::map<std::string, torch::Tensor>>& examples,
                   const exporters::PackageOptions& options);

/// A trained model with what it is judged by.
struct JudgedModel {
  models::MultiTaskModel model;
  quantise::QuantisedModel* quantised;                  // of int8, else null
  train::Predictor predict;                             // in the arithmetic it was trained in
  const train::Evaluation& evaluation;                  // of `predict`
  bool calibrated_only;                                 // int8 without training for it
  std::vector<quantise::LayerSensitivity> sensitivity;  // see `measure_sensitivity`
};

/// What quantising each layer alone costs in score, if the job asks for it: one evaluation a layer.
std::vector<quantise::LayerSensitivity> measure_sensitivity(const JobOptions& job,
                                                            const JudgedModel& judged,
                                                            train::ValidationData& validation);

/// Exports a model in evaluation mode into `folder`, in the job's precision: what is written is run
/// in ONNX Runtime beside LibTorch on pictures of the validation sets, and the tasks' figures of
/// both stand in verify.json. `config` is kept in the package, so that it can be evaluated and used
/// without the run.
/// Throws UserError past the tolerance of the outputs or the limits of the figures; nothing is then
/// left under the final name.
void export_run(const JobOptions& job, const std::string& config, const JudgedModel& judged,
                train::ValidationData& validation, const std::filesystem::path& folder);

}  // namespace manyfold::cli
