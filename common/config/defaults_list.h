#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/config/defaults_item.h"
#include "common/config/override.h"
#include "common/config/repository.h"

namespace manyfold::config {

/// A config of the final defaults list: what is loaded, and where its values go.
struct ComposedItem {
  std::string config_path;  // "model/edge"
  std::string package;      // "model"; "" for the root
  std::string parent;       // the config whose defaults list brought it
  bool is_self = false;
  bool primary = false;
  std::optional<std::string> override_key;
};

struct DefaultsList {
  std::vector<ComposedItem> items;                            // in the order of merging
  std::vector<Override> config_overrides;                     // those that choose no group
  std::map<std::string, std::optional<std::string>> choices;  // by override key
};

/// Expands the defaults lists from the primary config on, as Hydra 1.3 does, with the overrides
/// that choose, append and remove groups. `config_name` may be empty.
///
/// Throws ConfigError for unknown groups and options, which names those that exist, and for an
/// override that matches nothing.
DefaultsList compose_defaults(Repository& repository, const std::string& config_name,
                              const std::vector<Override>& overrides);

}  // namespace manyfold::config
