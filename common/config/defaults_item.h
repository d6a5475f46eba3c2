#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/config/value.h"

namespace manyfold::config {

/// One entry of a defaults list. A config entry names a file (`- base`), a group entry chooses one
/// or several of a group (`- optional /model@teacher: edge`). The names are those of Hydra's
/// documentation.
struct DefaultsItem {
  bool is_group = false;
  std::string path;                 // of a config entry
  std::string group;                // of a group entry
  std::optional<std::string> name;  // what a group entry chooses; none for null
  std::vector<std::string> options;
  bool has_options = false;                   // a list was given: `options` counts, not `name`
  std::optional<std::string> package;         // behind @
  std::optional<std::string> package_header;  // from `# @package`
  std::string parent_group;                   // of the config whose list this stands in
  std::string parent_package;
  bool primary = false;
  bool optional = false;
  bool override_ = false;
  bool deleted = false;
  bool appended = false;  // by `+group=option`
  Origin origin;

  bool is_self() const { return is_group ? name == "_self_" : path == "_self_"; }
  /// The chosen file: a name without folders; none for null.
  std::optional<std::string> choice() const;
  bool is_missing() const { return !has_options && choice() == "???"; }
  bool is_interpolation() const;
  /// Settles where the entry stands; expands `_group_` in its package.
  void set_parent(const std::string& group, const std::string& package);
  void set_header(const std::optional<std::string>& header);
  /// "model", for `model: edge` and for `model/edge`.
  std::string group_path() const;
  std::string config_path() const;
  /// Where its values go, "" for the root.
  std::string final_package(bool use_header = true) const;
  /// "model" or "model@teacher": what an override calls it.
  std::string override_key() const;

 private:
  std::string relative_group() const;
};

using DefaultsItemPtr = std::shared_ptr<DefaultsItem>;

/// Reads a config's `defaults`. Throws ConfigError with file and line for what cannot stand there.
std::vector<DefaultsItem> parse_defaults(const Value& defaults);

}  // namespace manyfold::config
