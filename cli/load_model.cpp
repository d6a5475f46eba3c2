#include "cli/load_model.h"

#include <ATen/Parallel.h>
#include <unistd.h>

#include "cli/build_model.h"
#include "cli/run_export.h"
#include "common/atomic_file.h"
#include "common/config/compose.h"
#include "common/config/reader.h"
#include "common/config/yaml_writer.h"
#include "common/error.h"
#include "train/checkpoint.h"
#include "train/run_folder.h"

namespace manyfold::cli {
namespace {

namespace fs = std::filesystem;

/// A folder for the time of a scope.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "manyfold_XXXXXX").string();
    if (!mkdtemp(name.data()))
      throw UserError("cannot make a folder in " + fs::temp_directory_path().string());
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// The config that a model carries, with overrides, by the same rules as any other config.
void read_config(const std::string& yaml, const std::vector<std::string>& overrides,
                 LoadedModel& loaded) {
  const TemporaryFolder folder;
  write_file(folder.path() / "config.yaml", yaml);
  config::ComposeRequest request;
  request.folders = {{folder.path()}};
  request.config_name = "config";
  request.overrides = overrides;
  const auto composed = config::compose(request);
  loaded.job = config::read<JobOptions>(composed.resolved());
  loaded.config = config::to_yaml(composed.config);
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
  read_config(manifest["config"], overrides, loaded);
  prepare_compute(loaded.job.run);
  loaded.predict = predictor(loaded.package->session(), loaded.job.tasks);
  loaded.origin = path.string() + " in ONNX Runtime";
}

void load_run(const fs::path& path, const std::vector<std::string>& overrides,
              LoadedModel& loaded) {
  const auto file = train::find_checkpoint(path);
  const auto checkpoint = train::load_checkpoint(file);
  read_config(checkpoint.config, overrides, loaded);
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
