#include "cli/qat.h"

#include <algorithm>
#include <iterator>

#include "cli/job/job_line.h"
#include "cli/job/model_line.h"
#include "cli/job/saved_job.h"
#include "cli/job/training.h"
#include "cli/train.h"
#include "common/config/merge.h"
#include "common/config/yaml_reader.h"
#include "common/config/yaml_writer.h"
#include "train/checkpoint.h"
#include "train/run_folder.h"

namespace manyfold::cli {
namespace {

/// The phases of a run that fine-tunes one with these: half of its steps draw clips where the last
/// phase drew any, as that phase did. What else phases set, such as what is frozen, is over.
config::Map phases_after(const config::Value* phases) {
  config::Map all;
  if (!phases || !phases->is_map() || phases->map().empty()) return all;
  const auto& last = std::prev(phases->map().end())->value;
  const auto* clips = last.find("clips");
  if (!clips || !clips->is_list() || clips->list().back() == config::Value(0)) return all;
  config::Map phase;
  for (const auto* key : {"frames", "chunks", "mix"}) {
    if (const auto* value = last.find(key)) phase.set(key, *value);
  }
  phase.set("clips", config::List{0.5});
  all.set("clips_and_stills", phase);
  return all;
}

}  // namespace

namespace po = boost::program_options;

int run_qat(const std::vector<std::string>& arguments) {
  if (std::count(arguments.begin(), arguments.end(), "--resume")) return run_train(arguments);
  const auto line = parse_model_line(
      "qat", "RUN [overrides, such as train.steps=1000]; or --resume run.dir=RUN", arguments);
  if (line.help) return 0;
  refuse_paths(line);
  const auto file = train::find_checkpoint(line.model);
  const auto recipe = shipped_configs() / "qat.yaml";
  auto config = config::parse_yaml(train::load_checkpoint(file).config, file.string());
  config::merge(config, config::load_yaml(recipe));
  config::place(config, "init", config::Value(line.model.string()));
  config::place(config, "encoder", config::Value(config::Map()));  // is part of it
  const auto* training = config.find("train");
  config::place(config, "train.phases",
                phases_after(training ? training->find("phases") : nullptr));
  config::place(config, "run.dir", config::Value(std::string()));

  TrainingRequest request;
  const auto saved = saved_job(config::to_yaml(config), file.string(), line.overrides);
  request.job = saved.job;
  request.config = saved.config;
  request.overrides = line.overrides;
  return run_training(request).exit_code;
}

}  // namespace manyfold::cli
