#include "cli/saved_job.h"

#include "cli/job_line.h"
#include "common/config/compose.h"
#include "common/config/merge.h"
#include "common/config/reader.h"
#include "common/config/yaml_reader.h"
#include "common/config/yaml_writer.h"

namespace manyfold::cli {

SavedJob saved_job(const std::string& config, const std::string& origin,
                   const std::vector<std::string>& overrides) {
  const auto name = "the config in " + origin;
  // Keys that came into being after it was written have their defaults.
  auto complete = config::load_yaml(shipped_configs() / "job.yaml");
  config::merge(complete, config::parse_yaml(config, name));
  const auto composed = config::recompose(config::to_yaml(complete), name, overrides);
  return {config::read<JobOptions>(composed.resolved()), config::to_yaml(composed.config)};
}

}  // namespace manyfold::cli
