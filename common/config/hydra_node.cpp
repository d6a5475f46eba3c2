#include "common/config/hydra_node.h"

#include <algorithm>
#include <vector>

#include "common/config/yaml_reader.h"

namespace manyfold::config {
namespace {

const std::vector<std::string>& groups() {
  static const std::vector<std::string> names = {
      "hydra/callbacks",  "hydra/env",           "hydra/help",
      "hydra/hydra_help", "hydra/hydra_logging", "hydra/job_logging",
      "hydra/launcher",   "hydra/output",        "hydra/sweeper"};
  return names;
}

}  // namespace

Value hydra_config() {
  return parse_yaml(R"(
run: {dir: 'outputs/${now:%Y-%m-%d}/${now:%H-%M-%S}'}
sweep: {dir: 'multirun/${now:%Y-%m-%d}/${now:%H-%M-%S}', subdir: '${hydra.job.num}'}
launcher: {}
sweeper: {params: null}
help: {}
hydra_help: {}
hydra_logging: {}
job_logging: {}
env: {}
mode: RUN
searchpath: []
callbacks: {}
output_subdir: .hydra
overrides: {hydra: [], task: []}
job:
  name: manyfold
  chdir: null
  override_dirname: ''
  id: ???
  num: ???
  config_name: null
  env_set: {}
  env_copy: []
  config: {override_dirname: {kv_sep: '=', item_sep: ',', exclude_keys: []}}
runtime: {version: '1.3.2', version_base: '1.3', cwd: ., config_sources: [], output_dir: '???', choices: {}}
verbose: false
)",
                    "hydra/config");
}

Value hydra_defaults() {
  return parse_yaml(R"(
- output: default
- launcher: basic
- sweeper: basic
- help: default
- hydra_help: default
- hydra_logging: default
- job_logging: default
- callbacks: null
- env: default
- _self_
)",
                    "hydra/config");
}

bool is_hydra_group(const std::string& group) {
  return std::find(groups().begin(), groups().end(), group) != groups().end();
}

}  // namespace manyfold::config
