#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cli/job/job_options.h"
#include "exporters/package.h"
#include "models/multitask.h"
#include "quantise/quantised_model.h"
#include "train/evaluate.h"

namespace manyfold::cli {

/// A trained model, ready to be run: a run's folder, a checkpoint, an exported package or its ONNX
/// file. Each of them knows the config that it was trained with.
struct LoadedModel {
  JobOptions job;              // the model's config with the overrides
  std::string config;          // the same as YAML
  std::filesystem::path file;  // that holds the weights
  std::string origin;          // "runs/x/checkpoints/best.safetensors in LibTorch"
  train::Predictor predict;
  models::MultiTaskModel model{nullptr};                // of a checkpoint
  std::shared_ptr<quantise::QuantisedModel> quantised;  // of a checkpoint, with precision=int8
  bool calibrated_only = false;                         // its checkpoint was of a float run
  std::shared_ptr<exporters::Package> package;          // of a package
};

/// Loads what `path` names. `overrides` change the config it carries, as on the command line: a
/// float run with precision=int8 is quantised here, after calibration.
/// Throws UserError for a path that holds no model, a damaged one, or weights that do not fit the
/// config's architecture.
LoadedModel load_model(const std::filesystem::path& path,
                       const std::vector<std::string>& overrides);

}  // namespace manyfold::cli
