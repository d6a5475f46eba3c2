#include "cli/job/saved_job.h"

#include "cli/job/job_line.h"
#include "common/config/compose.h"
#include "common/config/merge.h"
#include "common/config/reader.h"
#include "common/config/yaml_reader.h"
#include "common/config/yaml_writer.h"
#include "common/error.h"

namespace manyfold::cli {
namespace {

/// Its keys are others than those of a job with tasks.
void refuse_pretraining(const config::Value& config, const std::string& origin) {
  if (!config.is_map() || !config.map().find("pretrain") || config.map().find("tasks")) return;
  throw UserError(origin +
                  " is of a pre-training run: an encoder without heads; train from it by "
                  "encoder.init=" +
                  origin);
}

}  // namespace

void bring_up_to_date(config::Value& config) {
  auto* tasks = config.is_map() ? config.map().find("tasks") : nullptr;
  if (!tasks || !tasks->is_map()) return;
  for (auto& [name, task] : tasks->map()) {
    if (!task.is_map()) continue;
    auto& keys = task.map();
    if (auto* detector = keys.find("ssld")) {
      const auto value = *detector;
      keys.erase("ssld");
      keys.set("detector", value);
    }
    const auto* type = keys.find("type");
    const auto* stride = keys.find("stride");
    if (!type || !type->is_string() || type->string() != "faces" || !stride) continue;
    const config::List strides = {*stride};
    keys.erase("stride");
    if (!keys.find("detector")) keys.set("detector", config::Map());
    keys.find("detector")->map().set("strides", strides);
  }
}

SavedJob saved_job(const std::string& config, const std::string& origin,
                   const std::vector<std::string>& overrides) {
  const auto name = "the config in " + origin;
  // Keys that came into being after it was written have their defaults.
  auto complete = config::load_yaml(shipped_configs() / "job.yaml");
  auto written = config::parse_yaml(config, name);
  refuse_pretraining(written, origin);
  bring_up_to_date(written);
  config::merge(complete, written);
  const auto composed = config::recompose(config::to_yaml(complete), name, overrides);
  return {config::read<JobOptions>(composed.resolved()), config::to_yaml(composed.config)};
}

}  // namespace manyfold::cli
