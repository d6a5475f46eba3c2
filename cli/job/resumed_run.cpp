#include "cli/job/resumed_run.h"

#include <algorithm>

#include "common/config/yaml_reader.h"
#include "train/checkpoint.h"

namespace manyfold::cli {

ResumedRun resumed_run(const std::string& folder, const std::vector<std::string>& overrides) {
  ResumedRun run;
  run.folder = train::run_to_resume(folder);
  run.config = train::load_checkpoint(run.folder.last()).config;
  const auto typed = config::load_yaml(run.folder.overrides());
  for (const auto& line : typed.list()) run.overrides.push_back(line.text());
  for (const auto& line : overrides) {
    const auto& known = run.overrides;
    if (std::find(known.begin(), known.end(), line) == known.end()) run.changes.push_back(line);
  }
  run.overrides.insert(run.overrides.end(), run.changes.begin(), run.changes.end());
  return run;
}

}  // namespace manyfold::cli
