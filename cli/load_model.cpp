#include "cli/load_model.h"

#include <ATen/Parallel.h>

#include "cli/build_model.h"
#include "cli/run_export.h"
#include "cli/saved_job.h"
#include "common/error.h"
#include "train/forward.h"
#include "train/checkpoint.h"
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

void load_package(const fs::path& path, const std::vector<std::string>& overrides,
                  LoadedModel& loaded) {
  exporters::SessionOptions options;
  options.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  loaded.package = std::make_shared<exporters::Package>(exporters::Package::open(path, options));
  const auto& manifest = loaded.package->manifest();
  if (!manifest.contains("config") || !manifest["config"].is_string()) {
    throw UserError(path.string() +
                    " does not carry a config of manyfold: was it exported by another program?");
  }
  read_config(manifest["config"], path, overrides, loaded);
  prepare_compute(loaded.job.run);
  loaded.predict = predictor(loaded.package->session(), loaded.job.tasks);
  loaded.origin = path.string() + " in ONNX Runtime";
}

void load_run(const fs::path& path, const std::vector<std::string>& overrides,
              LoadedModel& loaded) {
  const auto file = train::find_checkpoint(path);
  const auto checkpoint = train::load_checkpoint(file);
  read_config(checkpoint.config, file, overrides, loaded);
  loaded.model = build_model(loaded.job, prepare_compute(loaded.job.run));
  models::load_state(*loaded.model, checkpoint.deployed(),
                     file.string() + " does not fit the model of its config");
  loaded.model->eval();
  loaded.predict = train::predictor(loaded.model);
  loaded.origin = file.string() + " in LibTorch";
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
