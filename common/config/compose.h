#pragma once

#include <string>
#include <vector>

#include "common/config/defaults_list.h"
#include "common/config/repository.h"
#include "common/config/value.h"

namespace manyfold::config {

struct ComposeRequest {
  std::vector<SearchFolder> folders;   // the first that has a name wins
  std::string config_name;             // the primary config; empty for none
  std::vector<std::string> overrides;  // as on the command line
};

struct Composed {
  Value config;  // the job's; its interpolations as written
  Value job;     // the same with the `hydra` node
  std::vector<ComposedItem> defaults;
  std::map<std::string, std::optional<std::string>> choices;

  /// The config with every interpolation followed. Throws ResolveError, see Resolver.
  Value resolved() const;
};

/// Composes a config as Hydra 1.3 with OmegaConf 2.2 does. Throws ConfigError for anything a person
/// has to mend: it names the file and line, or the override.
Composed compose(const ComposeRequest& request);

/// A config that was composed before, changed by overrides of the same grammar. It has no groups
/// any more: a plain value for a whole section is a ConfigError. `origin` names it in messages.
Composed recompose(const std::string& yaml, const std::string& origin,
                   const std::vector<std::string>& overrides);

}  // namespace manyfold::config
