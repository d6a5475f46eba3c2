#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/config/defaults_item.h"
#include "common/config/override.h"
#include "common/config/repository.h"

namespace manyfold::config {

/// The choices that overrides make for groups: from the command line, and from `override` entries
/// in defaults lists. Keeps count of what was used.
class GroupOverrides {
 public:
  /// `lenient`: what names a group of a fallback folder, and fits nothing, is a plain value.
  GroupOverrides(const Repository& repository, const std::vector<Override>& overrides,
                 bool lenient);

  /// Takes an `override` entry of a defaults list. Earlier ones win.
  void add(const std::string& containing_config, const DefaultsItem& item);
  /// Puts an override's choice into the entry that it is for.
  void apply(DefaultsItem& item);
  /// Whether the entry is to be left out, by `~group`.
  bool remove(const DefaultsItem& item);
  /// Notes what a group came to be; refuses two values for one.
  void settle(const DefaultsItem& item);

  /// Throws ConfigError for the first override that found nothing to do.
  void check_all_used();

  const std::vector<DefaultsItem>& appended() const { return appended_; }
  /// The overrides that choose no group, in the order given. After check_all_used().
  std::vector<Override> config_overrides() const;
  const std::map<std::string, std::optional<std::string>>& choices() const { return choices_; }

 private:
  struct Choice {
    DefaultsItem item;              // name or options
    std::string containing_config;  // empty: from the command line
    const Override* source = nullptr;
    bool used = false;
  };
  struct Removal {
    std::optional<std::string> option;
    const Override* source = nullptr;
    bool used = false;
  };

  void take(const Repository& repository, const Override& override, bool may_be_value);
  std::string unused_message(const std::string& key, const Choice& choice) const;

  const std::vector<Override>& overrides_;
  std::set<const Override*> plain_;         // no group
  std::set<const Override*> may_be_plain_;  // a group of a fallback folder
  std::vector<std::pair<std::string, Choice>> chosen_;
  std::vector<std::pair<std::string, Removal>> removed_;
  std::vector<DefaultsItem> appended_;
  std::map<std::string, std::optional<std::string>> choices_;
  std::map<std::string, std::set<std::string>> keys_of_group_;
};

}  // namespace manyfold::config
