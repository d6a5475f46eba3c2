#include "cli/qat.h"

#include <algorithm>

#include "cli/job_line.h"
#include "cli/model_line.h"
#include "cli/saved_job.h"
#include "cli/train.h"
#include "cli/training.h"
#include "common/config/merge.h"
#include "common/config/yaml_reader.h"
#include "common/config/yaml_writer.h"
#include "train/checkpoint.h"
#include "train/run_folder.h"

namespace manyfold::cli {

namespace po = boost::program_options;

int run_qat(const std::vector<std::string>& arguments) {
  if (std::count(arguments.begin(), arguments.end(), "--resume")) return run_train(arguments);
  const auto line = parse_model_line(
      "qat", "RUN [overrides, such as train.steps=1000]; or --resume run.dir=RUN", arguments);
  if (line.help) return 0;
  const auto file = train::find_checkpoint(line.model);
  const auto recipe = shipped_configs() / "qat.yaml";
  auto config = config::parse_yaml(train::load_checkpoint(file).config, file.string());
  config::merge(config, config::load_yaml(recipe));
  config::place(config, "init", config::Value(line.model.string()));
  config::place(config, "encoder", config::Value(config::Map()));       // is part of it
  config::place(config, "train.phases", config::Value(config::Map()));  // were the float run's
  config::place(config, "run.dir", config::Value(std::string()));

  TrainingRequest request;
  const auto saved = saved_job(config::to_yaml(config), file.string(), line.overrides);
  request.job = saved.job;
  request.config = saved.config;
  request.overrides = line.overrides;
  return run_training(request).exit_code;
}

}  // namespace manyfold::cli
