#include "cli/saved_job.h"

#include "cli/job_line.h"
#include "common/config/compose.h"
#include "common/config/merge.h"
#include "common/config/reader.h"
#include "common/config/yaml_reader.h"
#include "common/config/yaml_writer.h"

namespace manyfold::cli {
namespace {

/// Keys of tasks with boxes that were called otherwise: `ssld` is `detector`, and `stride` one of
/// its `strides`.
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

}  // namespace

SavedJob saved_job(const std::string& config, const std::string& origin,
                   const std::vector<std::string>& overrides) {
  const auto name = "the config in " + origin;
  // Keys that came into being after it was written have their defaults.
  auto complete = config::load_yaml(shipped_configs() / "job.yaml");
  auto written = config::parse_yaml(config, name);
  bring_up_to_date(written);
  config::merge(complete, written);
  const auto composed = config::recompose(config::to_yaml(complete), name, overrides);
  return {config::read<JobOptions>(composed.resolved()), config::to_yaml(composed.config)};
}

}  // namespace manyfold::cli
