#include "cli/saved_job.h"

#include "common/config/compose.h"
#include "common/config/reader.h"
#include "common/config/yaml_writer.h"

namespace manyfold::cli {

SavedJob saved_job(const std::string& config, const std::string& origin,
                   const std::vector<std::string>& overrides) {
  const auto composed = config::recompose(config, "the config in " + origin, overrides);
  return {config::read<JobOptions>(composed.resolved()), config::to_yaml(composed.config)};
}

}  // namespace manyfold::cli
