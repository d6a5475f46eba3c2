#include "cli/job/load_model.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <thread>

#include "cli/job/build_model.h"
#include "cli/job/calibration.h"
#include "cli/job/job_model.h"
#include "cli/job/run_export.h"
#include "cli/job/saved_job.h"
#include "cli/predict/session_model.h"
#include "common/error.h"
#include "train/checkpoint.h"
#include "train/forward.h"
#include "train/run_folder.h"

namespace manyfold::cli {
namespace {

namespace fs = std::filesystem;

/// The config that a model carries, with overrides.
void read_config(const std::string& yaml, const fs::path& file,
                 const std::vector<std::string>& overrides, LoadedModel& loaded) {
  auto saved = saved_job(yaml, file.string(), overrides);
  loaded.job = std::move(saved.job);
  loaded.config = std::move(saved.config);
}

bool is_package(const fs::path& path) {
  return path.extension() == ".onnx" || fs::exists(path / "manifest.json");
}

std::shared_ptr<exporters::Package> open_package(const fs::path& path, int threads) {
  exporters::SessionOptions options;
  options.threads = threads;
  return std::make_shared<exporters::Package>(exporters::Package::open(path, options));
}

void load_package(const fs::path& path, const std::vector<std::string>& overrides,
                  LoadedModel& loaded) {
  const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  loaded.package = open_package(path, cores);
  const auto manifest = loaded.package->manifest();
  if (!manifest.contains("config") || !manifest["config"].is_string()) {
    throw UserError(path.string() +
                    " does not carry a config of manyfold: was it exported by another program?");
  }
  read_config(manifest["config"], path, overrides, loaded);
  prepare_compute(loaded.job.run);
  // run.threads stands in the config, which is part of the package.
  if (at::get_num_threads() != cores) loaded.package = open_package(path, at::get_num_threads());
  loaded.predict = predictor(loaded.package->session(), loaded.job.tasks);
  loaded.file = fs::is_directory(path) ? path / manifest.at("model").get<std::string>() : path;
  loaded.origin = path.string() + " in ONNX Runtime";
}

torch::Device device_of(const models::MultiTaskModel& model) {
  return model->parameters().front().device();
}

/// With quantise.float a layer may be kept in float that the run had quantised: its ranges are then
/// not needed. The other way round they are missing.
void load_quantised(const models::StateDict& weights, const std::string& misfit,
                    models::MultiTaskModel& model) {
  const auto own = models::state_dict(*model);
  auto needed = without_quantisers(weights);
  for (const auto& [name, tensor] : weights) {
    if (own.count(name)) needed[name] = tensor;
  }
  for (const auto& [name, tensor] : own) {
    if (needed.count(name) || !without_quantisers({{name, tensor}}).empty()) continue;
    throw UserError(misfit + ": it has no range for " + name +
                    "; quantise.float keeps fewer layers in float than the run did, or the options "
                    "of quantise and qat are others: calibrate anew from the float run");
  }
  models::load_state(*model, needed, misfit);
}

/// An int8 run with its ranges, or a float one that is calibrated now.
void load_int8(const models::StateDict& weights, const std::string& misfit, LoadedModel& loaded) {
  const auto& job = loaded.job;
  auto& model = loaded.model;
  loaded.calibrated_only = !holds_quantisers(weights);
  if (loaded.calibrated_only) models::load_state(*model, weights, misfit);
  loaded.quantised = train::make_quantised(model, job.tasks, job.data.network_size(), job.quantise,
                                           job.qat.learned_steps && !loaded.calibrated_only);
  if (!loaded.calibrated_only) load_quantised(weights, misfit, model);
  model->eval();
  if (loaded.calibrated_only)
    loaded.quantised->calibrate(
        calibration_inputs(job, loaded.quantised->float_graph(), device_of(model)));
  loaded.predict = train::predictor(
      train::forward_of(std::make_shared<const graph::Replay>(loaded.quantised->integer())),
      model->tasks(), device_of(model));
  loaded.origin += loaded.calibrated_only ? ", int8 after calibration" : ", int8";
}

void load_run(const fs::path& path, const std::vector<std::string>& overrides,
              LoadedModel& loaded) {
  const auto file = train::find_checkpoint(path);
  const auto checkpoint = train::load_checkpoint(file);
  read_config(checkpoint.config, file, overrides, loaded);
  loaded.model = build_model(loaded.job, prepare_compute(loaded.job.run));
  loaded.file = file;
  loaded.origin = file.string() + " in LibTorch";
  const auto misfit = file.string() + " does not fit the model of its config";
  if (loaded.job.precision == "int8") {
    load_int8(checkpoint.deployed(), misfit, loaded);
    return;
  }
  models::load_state(*loaded.model, without_quantisers(checkpoint.deployed()), misfit);
  loaded.model->eval();
  loaded.predict =
      loaded.job.precision == "fp16_device"
          ? train::predictor(train::forward_in(train::Precision::fp16_device, loaded.model,
                                               loaded.job.data.network_size())
                                 .evaluation,
                             loaded.model->tasks(), device_of(loaded.model))
          : train::predictor(loaded.model);
}

}  // namespace

LoadedModel load_model(const fs::path& path, const std::vector<std::string>& overrides) {
  if (!fs::exists(path))
    throw UserError(path.string() + " does not exist; expected a run, a checkpoint or an export");
  LoadedModel loaded;
  if (is_package(path)) {
    load_package(path, overrides, loaded);
  } else {
    load_run(path, overrides, loaded);
  }
  return loaded;
}

}  // namespace manyfold::cli
