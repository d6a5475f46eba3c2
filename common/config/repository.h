#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/config/defaults_item.h"
#include "common/config/value.h"

namespace manyfold::config {

/// A folder of configs. A group is a folder below it, an option of the group a .yaml file there.
struct SearchFolder {
  std::filesystem::path path;
  /// Stands behind the folder that a person named: what it offers is used where it is asked for,
  /// and its groups do not catch overrides that fit nothing in the composed defaults lists.
  bool fallback = false;
};

/// A config file as loaded.
struct ConfigFile {
  Value config;  // without its defaults list
  std::vector<DefaultsItem> defaults;
  std::optional<std::string> package;  // of its `# @package` header
  bool fallback = false;               // found in a fallback folder
};

/// The configs that can be named: those below the search folders, the first folder winning, and
/// Hydra's own groups (`hydra/job_logging` and so on), which are accepted and hold nothing.
class Repository {
 public:
  /// Throws ConfigError for a folder that does not exist.
  explicit Repository(std::vector<SearchFolder> folders);

  /// Adds a folder at the end of the search.
  void add(const std::filesystem::path& folder);

  /// nullptr when there is none of that name ("model/edge", with or without .yaml). Throws
  /// ConfigError for a file that cannot be read as a config.
  const ConfigFile* load(const std::string& name);
  bool config_exists(const std::string& name) const;
  bool group_exists(const std::string& group) const;
  /// Whether `group` exists in fallback folders only.
  bool only_fallback(const std::string& group) const;

  /// The options of a group, and the groups in a group ("" for all at the top), sorted.
  std::vector<std::string> options(const std::string& group) const;
  std::vector<std::string> groups(const std::string& group) const;

  /// "; searched in: a, b", to end a message.
  std::string searched() const;

 private:
  std::optional<std::filesystem::path> find(const std::string& name, bool& fallback) const;

  std::vector<SearchFolder> folders_;
  std::map<std::string, std::optional<ConfigFile>> loaded_;
};

}  // namespace manyfold::config
