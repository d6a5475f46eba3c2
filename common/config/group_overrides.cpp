#include "common/config/group_overrides.h"

#include <algorithm>

#include "common/error.h"

namespace manyfold::config {
namespace {

template <class Pairs>
auto find_key(Pairs& pairs, const std::string& key) {
  return std::find_if(pairs.begin(), pairs.end(), [&](auto& pair) { return pair.first == key; });
}

/// The entry that a group override stands for.
DefaultsItem chosen_item(const Override& override, const Value& value) {
  DefaultsItem item;
  item.is_group = true;
  item.group = override.key;
  item.package = override.package;
  if (item.package == "_here_") item.package = "";
  item.origin = override.origin();
  if (value.is_string()) {
    item.name = value.string();
    return item;
  }
  if (!value.is_list()) {
    throw ConfigError("override '" + override.line + "': group '" + override.key +
                      "' takes the name of an option or a list of names, not " + value.kind());
  }
  item.has_options = true;
  for (const auto& option : value.list()) item.options.push_back(option.text());
  return item;
}

}  // namespace

GroupOverrides::GroupOverrides(const Repository& repository, const std::vector<Override>& overrides,
                               bool lenient)
    : overrides_(overrides) {
  for (const auto& override : overrides) {
    if (override.is_sweep()) continue;
    const bool is_dict = override.value && override.value->kind == Element::Kind::dict;
    if (override.key.empty() || is_dict || !repository.group_exists(override.key)) {
      plain_.insert(&override);
    } else {
      take(repository, override, lenient && repository.only_fallback(override.key));
    }
  }
}

void GroupOverrides::take(const Repository& repository, const Override& override,
                          bool may_be_value) {
  const Value value = override.config_value();
  if (override.kind == Override::Kind::force_add) {
    throw ConfigError("override '" + override.line + "': ++ cannot add a group, use + instead");
  }
  if (may_be_value) {
    const bool option_exists =
        value.is_string() && repository.config_exists(override.key + "/" + value.string());
    if (override.kind == Override::Kind::add && !option_exists) {
      plain_.insert(&override);
      return;
    }
    may_be_plain_.insert(&override);
  }
  const std::string key = override.key + (override.package ? "@" + *override.package : "");
  if (override.kind == Override::Kind::remove) {
    if (!value.is_null() && !value.is_string()) {
      throw ConfigError("override '" + override.line + "': the option to remove must be a name");
    }
    const auto option = value.is_string() ? std::optional(value.string()) : std::nullopt;
    removed_.push_back({key, {option, &override, false}});
  } else if (override.kind == Override::Kind::add) {
    appended_.push_back(chosen_item(override, value));
    appended_.back().appended = true;
  } else if (value.is_null() || value.is_container() || value.is_string()) {
    if (value.is_null()) {
      throw ConfigError("override '" + override.line + "': group '" + override.key +
                        "' takes the name of an option or a list of names, not null; to leave it "
                        "out, use '~" +
                        key + "'");
    }
    const auto known = find_key(chosen_, key);
    Choice choice{chosen_item(override, value), "", &override, false};
    if (known == chosen_.end()) {
      chosen_.push_back({key, choice});
    } else {
      known->second = choice;
    }
  } else if (may_be_value) {
    may_be_plain_.erase(&override);
    plain_.insert(&override);
  } else {
    chosen_item(override, value);  // says what is wrong with it
  }
}

void GroupOverrides::add(const std::string& containing_config, const DefaultsItem& item) {
  const std::string key = item.override_key();
  if (find_key(chosen_, key) == chosen_.end()) {
    chosen_.push_back({key, {item, containing_config, nullptr, false}});
  }
}

void GroupOverrides::apply(DefaultsItem& item) {
  if (!item.is_group) return;
  const auto found = find_key(chosen_, item.override_key());
  if (found == chosen_.end()) return;
  item.name = found->second.item.name;
  item.options = found->second.item.options;
  item.has_options = found->second.item.has_options;
  item.origin = found->second.item.origin;
  found->second.used = true;
}

bool GroupOverrides::remove(const DefaultsItem& item) {
  if (!item.is_group) return false;
  const auto found = find_key(removed_, item.override_key());
  if (found == removed_.end()) return false;
  if (found->second.option && found->second.option != item.name) return false;
  found->second.used = true;
  return true;
}

void GroupOverrides::settle(const DefaultsItem& item) {
  if (!item.is_group) return;
  const std::string key = item.override_key();
  const auto known = choices_.emplace(key, item.name).first;
  if (known->second != item.name) {
    const std::string before = known->second.value_or("null");
    throw ConfigError(item.origin.text() + ": multiple values for " + key + ": " + before +
                      " and " + item.name.value_or("null") +
                      ". To override a value use 'override " + key + ": " +
                      item.name.value_or("null") + "'");
  }
  keys_of_group_[item.group_path()].insert(key);
}

std::string GroupOverrides::unused_message(const std::string& key, const Choice& choice) const {
  std::string message =
      choice.source ? "override '" + choice.source->line + "': " : choice.item.origin.text() + ": ";
  message += "could not override '" + key + "'. ";
  const auto known = keys_of_group_.find(key.substr(0, key.find('@')));
  if (known == keys_of_group_.end()) {
    message += "No match in the defaults list";
  } else {
    message += "Did you mean to override";
    const char* separator = known->second.size() > 1 ? " one of " : " ";
    for (const auto& name : known->second) {
      message += separator + name;
      separator = ", ";
    }
    message += "?";
  }
  if (choice.source) message += "\nTo append to your default list use +" + choice.source->line;
  return message;
}

void GroupOverrides::check_all_used() {
  for (const auto& [key, choice] : chosen_) {
    if (choice.used) continue;
    if (!may_be_plain_.count(choice.source)) throw ConfigError(unused_message(key, choice));
    plain_.insert(choice.source);
  }
  for (const auto& [key, removal] : removed_) {
    if (removal.used) continue;
    if (!may_be_plain_.count(removal.source)) {
      throw ConfigError("override '" + removal.source->line + "': could not delete '" + key +
                        (removal.option ? "=" + *removal.option : "") +
                        "'. No match in the defaults list");
    }
    plain_.insert(removal.source);
  }
}

std::vector<Override> GroupOverrides::config_overrides() const {
  std::vector<Override> plain;
  for (const auto& override : overrides_) {
    if (plain_.count(&override)) plain.push_back(override);
  }
  return plain;
}

}  // namespace manyfold::config
