#pragma once

#include <filesystem>
#include <string>

#include "cli/job_options.h"
#include "exporters/package.h"
#include "graph/graph.h"
#include "models/multitask.h"
#include "train/evaluate.h"

namespace manyfold::cli {

/// A model in ONNX Runtime as a predictor; one of a fixed batch is run row by row. Throws UserError
/// when its outputs do not answer the tasks. The session must outlive it.
train::Predictor predictor(const exporters::Session& session, const train::Tasks& tasks);

/// Exports a model in evaluation mode into `folder`: the written file is run in ONNX Runtime beside
/// LibTorch on pictures of the validation sets (drawn scenes where there are none), and the tasks'
/// figures of both stand in verify.json. `config` is kept in the package, so that it can be
/// evaluated and used without the run. Throws UserError past the tolerance; nothing is then left
/// under the final name.
void export_run(const JobOptions& job, const std::string& config, models::MultiTaskModel model,
                train::ValidationData& validation, const train::Evaluation& evaluation,
                const std::filesystem::path& folder);

}  // namespace manyfold::cli
