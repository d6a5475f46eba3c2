#include "common/config/defaults_item.h"

#include <algorithm>

#include "common/error.h"

namespace manyfold::config {
namespace {

const std::string kGlobal = "_global_";

[[noreturn]] void fail(const Value& value, const std::string& what) {
  throw ConfigError(value.origin.text() + ": defaults list: " + what);
}

std::string with_dots(std::string group) {
  std::replace(group.begin(), group.end(), '/', '.');
  return group;
}

std::string without_slash(const std::string& path) {
  return !path.empty() && path[0] == '/' ? path.substr(1) : path;
}

/// "a/b" of "a/b/c".
std::string folder(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string below(const std::string& parent, const std::string& child) {
  if (parent.empty() || child.empty()) return parent + child;
  return parent + "/" + child;
}

/// Cuts "group@package" apart; "_here_" is no package of its own.
void split_package(const std::string& text, std::string& name,
                   std::optional<std::string>& package) {
  const size_t at = text.find('@');
  name = text.substr(0, at);
  if (at == std::string::npos) return;
  package = text.substr(at + 1);
  package = package->substr(0, package->find(':'));
  if (*package == "_here_") package = "";
}

void read_keywords(const std::string& text, DefaultsItem& item) {
  size_t start = 0;
  for (size_t blank; (blank = text.find(' ', start)) != std::string::npos; start = blank + 1) {
    const std::string word = text.substr(start, blank - start);
    if (word == "optional") {
      item.optional = true;
    } else if (word == "override") {
      item.override_ = true;
    } else {
      break;
    }
  }
  item.group = text.substr(text.rfind(' ') + 1);
}

void read_choice(const Value& value, DefaultsItem& item) {
  if (value.is_string()) {
    item.name = value.string();
  } else if (value.is_list()) {
    item.has_options = true;
    for (const auto& option : value.list()) {
      if (!option.is_string()) fail(option, "a choice must be a string, not " + option.kind());
      item.options.push_back(option.string());
    }
  } else if (!value.is_null()) {
    fail(value, "a choice must be a string, a list of strings or null, not " + value.kind());
  }
}

DefaultsItem group_item(const Value& value) {
  DefaultsItem item;
  item.is_group = true;
  const Entry* choice = nullptr;
  for (const auto& entry : value.map()) {
    // `optional: true` beside the group is how Hydra 1.0 wrote it.
    if (value.map().size() == 2 && entry.key == "optional" && entry.value.is_bool()) {
      item.optional = entry.value.boolean();
    } else if (choice) {
      fail(value, "one group an entry, here are '" + choice->key.text() + "' and '" +
                      entry.key.text() + "'");
    } else {
      choice = &entry;
    }
  }
  if (!choice) fail(value, "an entry without a group");
  if (!choice->key.is_word()) fail(value, "a group's name is a word");
  std::string words;
  split_package(choice->key.text(), words, item.package);
  read_keywords(words, item);
  if (item.group.empty()) fail(value, "an entry without a group");
  read_choice(choice->value, item);
  return item;
}

DefaultsItem config_item(const Value& value) {
  DefaultsItem item;
  split_package(value.string(), item.path, item.package);
  if (item.is_self() && item.package) fail(value, "_self_ takes no package");
  return item;
}

}  // namespace

std::vector<DefaultsItem> parse_defaults(const Value& defaults) {
  if (!defaults.is_list()) fail(defaults, "must be a list, not " + defaults.kind());
  std::vector<DefaultsItem> items;
  for (const auto& value : defaults.list()) {
    if (value.is_map()) {
      items.push_back(group_item(value));
    } else if (value.is_string()) {
      items.push_back(config_item(value));
    } else {
      fail(value, "an entry is a string or 'group: option', not " + value.kind());
    }
    items.back().origin = value.origin;
  }
  return items;
}

std::optional<std::string> DefaultsItem::choice() const {
  if (is_group) return name;
  return path.substr(path.rfind('/') + 1);
}

bool DefaultsItem::is_interpolation() const {
  if (has_options) return false;
  const std::string text = is_group ? name.value_or("") : path;
  return text.find("${") != std::string::npos;
}

void DefaultsItem::set_parent(const std::string& group, const std::string& package) {
  parent_group = group;
  parent_package = package;
  if (!this->package) return;
  const std::string word = "_group_";
  size_t at = this->package->find(word);
  if (at == std::string::npos) return;
  const std::string own = with_dots(group_path());
  for (; at != std::string::npos; at = this->package->find(word, at + own.size())) {
    this->package->replace(at, word.size(), own);
  }
  this->package = kGlobal + "." + *this->package;
}

void DefaultsItem::set_header(const std::optional<std::string>& header) {
  if (!header || *header == "_group_") return;
  // A header is always absolute.
  const bool global = *header == kGlobal || header->rfind(kGlobal + ".", 0) == 0;
  package_header = global ? *header : header->empty() ? kGlobal : kGlobal + "." + *header;
}

std::string DefaultsItem::relative_group() const {
  return is_group ? without_slash(group) : folder(without_slash(path));
}

std::string DefaultsItem::group_path() const {
  const std::string& given = is_group ? group : path;
  const bool absolute = appended || (!given.empty() && given[0] == '/');
  return absolute ? relative_group() : below(parent_group, relative_group());
}

std::string DefaultsItem::config_path() const {
  if (is_group) return group_path() + "/" + name.value_or("");
  return !path.empty() && path[0] == '/' ? path.substr(1) : below(parent_group, path);
}

std::string DefaultsItem::final_package(bool use_header) const {
  std::string own;
  if (package) {
    own = *package;
  } else if (use_header && package_header) {
    own = *package_header;
  } else {
    own = with_dots(relative_group());
  }
  const std::string parent = appended ? "" : parent_package;
  const std::string whole = parent.empty() || own.empty() ? parent + own : parent + "." + own;
  const size_t global = whole.rfind(kGlobal);
  if (global == std::string::npos) return whole;
  return whole.substr(std::min(whole.size(), global + kGlobal.size() + 1));
}

std::string DefaultsItem::override_key() const {
  const std::string key = group_path();
  const std::string package = final_package(false);
  if (package == with_dots(key)) return key;
  return key + "@" + (package.empty() ? kGlobal : package);
}

}  // namespace manyfold::config
