#include "common/config/defaults_list.h"

#include <algorithm>
#include <set>

#include "common/config/group_overrides.h"
#include "common/config/resolve.h"
#include "common/error.h"

namespace manyfold::config {
namespace {

constexpr int kMaxDepth = 64;
constexpr int kMaxItems = 10'000;

/// An entry with the entries of its own defaults list, `_self_` among them.
struct Tree {
  DefaultsItemPtr item;
  std::vector<Tree> children;
};

/// A config is named once in a message.
std::string in(const DefaultsItem& parent) { return "In '" + parent.config_path() + "': "; }

class Expander {
 public:
  Expander(Repository& repository, GroupOverrides& overrides)
      : repository_(repository), overrides_(overrides) {}

  Tree expand_primary(const std::string& config_name) {
    auto item = std::make_shared<DefaultsItem>();
    item->path = config_name;
    item->primary = true;
    refuse_path(config_name);
    if (!repository_.config_exists(config_name)) unknown_primary(config_name);
    return expand(item, nullptr, false);
  }

  Tree expand_hydra() {
    auto item = std::make_shared<DefaultsItem>();
    item->path = "hydra/config";
    return expand(item, nullptr, false);
  }

  /// What `+group=option` appends when there is no primary config.
  std::vector<Tree> expand_appended() {
    std::vector<Tree> trees;
    DefaultsItem nobody;
    for (const auto& item : overrides_.appended()) {
      auto entry = std::make_shared<DefaultsItem>(item);
      entry->set_parent("", "");
      if (entry->has_options) {
        for (auto& tree : expand_options(*entry, nobody, false)) trees.push_back(std::move(tree));
      } else {
        trees.push_back(expand(entry, &nobody, false));
      }
    }
    return trees;
  }

 private:
  Tree expand(const DefaultsItemPtr& item, const DefaultsItem* parent, bool interpolated) {
    if (++depth_ > kMaxDepth) {
      throw ConfigError("defaults lists lead round in a circle at '" + item->config_path() + "'");
    }
    if (++items_ > kMaxItems) throw ConfigError("defaults lists expand without end");
    struct Leave {
      int& depth;
      ~Leave() { --depth; }
    } leave{depth_};

    Tree tree{item, {}};
    const ConfigFile* file = nullptr;
    if (item->choice() && !item->is_missing()) {
      file = repository_.load(item->config_path());
      if (file) item->set_header(file->package);
    }
    if (overrides_.remove(*item)) {
      item->deleted = true;
      return tree;
    }
    overrides_.settle(*item);
    if (!item->choice()) return tree;
    if (item->is_missing()) missing_choice(*item);
    if (!file && item->optional) {
      item->deleted = true;
      return tree;
    }
    if (!file) unknown_config(*item, parent);
    expand_list(tree, *file, interpolated);
    return tree;
  }

  void expand_list(Tree& tree, const ConfigFile& file, bool interpolated) {
    DefaultsItem& parent = *tree.item;
    std::vector<DefaultsItemPtr> list;
    for (const auto& item : file.defaults) list.push_back(std::make_shared<DefaultsItem>(item));
    const auto& appended = overrides_.appended();
    bool self_added = false;
    if (!list.empty() || (parent.primary && !appended.empty())) self_added = add_self(parent, list);
    if (parent.primary) {
      for (const auto& item : appended) list.push_back(std::make_shared<DefaultsItem>(item));
    }
    collect_overrides(list, parent, interpolated);

    // Backwards, so that a later entry's overrides are known to an earlier one.
    std::vector<std::pair<Tree, bool>> children;  // and whether it waits for interpolation
    for (auto item = list.rbegin(); item != list.rend(); ++item) {
      if ((*item)->override_) continue;
      if ((*item)->is_self()) {
        children.push_back({{*item, {}}, false});
        continue;
      }
      (*item)->set_parent(parent.group_path(), parent.final_package());
      overrides_.apply(**item);
      if ((*item)->has_options) {
        auto trees = expand_options(**item, parent, interpolated);
        for (auto t = trees.rbegin(); t != trees.rend(); ++t) {
          children.push_back({std::move(*t), false});
        }
      } else if ((*item)->is_interpolation()) {
        children.push_back({{*item, {}}, true});
      } else {
        children.push_back({expand(*item, &parent, interpolated), false});
      }
    }
    for (auto& [child, waits] : children) {
      if (!waits) continue;
      interpolate(*child.item, list, self_added);
      child = expand(child.item, &parent, true);
    }
    for (auto child = children.rbegin(); child != children.rend(); ++child) {
      tree.children.push_back(std::move(child->first));
    }
  }

  /// Where the config's own values come; last, unless `_self_` says otherwise. Whether it was
  /// added.
  static bool add_self(const DefaultsItem& parent, std::vector<DefaultsItemPtr>& list) {
    const auto selves =
        std::count_if(list.begin(), list.end(), [](const auto& item) { return item->is_self(); });
    if (selves > 1) throw ConfigError(in(parent) + "_self_ stands twice in the defaults list");
    const bool only_overrides =
        std::all_of(list.begin(), list.end(), [](const auto& item) { return item->override_; });
    if (selves == 0 && (!only_overrides || list.empty())) {
      auto self = std::make_shared<DefaultsItem>();
      self->path = "_self_";
      list.push_back(self);
    }
    return selves == 0;
  }

  void collect_overrides(const std::vector<DefaultsItemPtr>& list, const DefaultsItem& parent,
                         bool interpolated) {
    const DefaultsItem* last_override = nullptr;
    for (const auto& item : list) {
      if (item->is_self()) continue;
      item->set_parent(parent.group_path(), parent.final_package());
      // Hydra 1.0 wrote no `override` before its own groups.
      const bool old_style = item->is_group && !item->override_ && !item->appended &&
                             item->group.rfind("hydra/", 0) == 0;
      if (last_override && !item->override_ && !item->appended && !old_style) {
        throw ConfigError(item->origin.text() + ": override '" + last_override->override_key() +
                          "' stands before '" + item->override_key() +
                          "'. Overrides must be at the end of the defaults list");
      }
      if (old_style) item->override_ = true;
      if (!item->override_) continue;
      if (!old_style) last_override = item.get();
      if (interpolated) {
        throw ConfigError(item->origin.text() + ": override '" + item->override_key() +
                          "': overrides are not allowed below an entry that was interpolated");
      }
      overrides_.add(parent.config_path(), *item);
    }
  }

  /// `group: [a, b]` is `group/a` and `group/b`.
  std::vector<Tree> expand_options(const DefaultsItem& item, const DefaultsItem& parent,
                                   bool interpolated) {
    std::vector<Tree> trees;
    for (auto option = item.options.rbegin(); option != item.options.rend(); ++option) {
      if (option->find("${") != std::string::npos) {
        throw ConfigError(item.origin.text() +
                          ": interpolation is not supported in a list of options");
      }
      auto entry = std::make_shared<DefaultsItem>();
      entry->path = (item.appended ? "/" : "") + item.group + "/" + *option;
      entry->package = item.package;
      entry->optional = item.optional;
      entry->origin = item.origin;
      entry->set_parent(item.parent_group, item.parent_package);
      trees.push_back(expand(entry, &parent, interpolated));
    }
    std::reverse(trees.begin(), trees.end());
    return trees;
  }

  /// `${group}` in an entry stands for what that group came to be.
  void interpolate(DefaultsItem& item, const std::vector<DefaultsItemPtr>& list, bool self_added) {
    std::string& text = item.is_group ? *item.name : item.path;
    Map known;
    for (const auto& [key, choice] : overrides_.choices()) {
      known.set(key, choice ? Value(*choice) : Value());
    }
    known.set("defaults", written(list, self_added));
    known.set("_entry_", text);
    Value all(std::move(known));
    const auto followed = Resolver(all).follow({"_entry_"});
    if (!followed || !followed->is_string()) {
      std::vector<std::string> names;
      for (const auto& entry : overrides_.choices()) names.push_back(entry.first);
      throw ConfigError(item.origin.text() + ": cannot follow '" + text + "' in the defaults list" +
                        known_names(text, names));
    }
    text = followed->string();
  }

  static Value written(const std::vector<DefaultsItemPtr>& list, bool self_added) {
    List entries;
    for (const auto& item : list) {
      if (self_added && item->is_self()) continue;
      if (!item->is_group) {
        entries.push_back(item->is_self() ? Value("_self_") : Value(item->config_path()));
        continue;
      }
      Map entry;
      entry.set(item->override_key(), item->name ? Value(*item->name) : Value());
      entries.push_back(std::move(entry));
    }
    return entries;
  }

  static void refuse_path(const std::string& name) {
    const std::string whole = "/" + name + "/";
    if (name.front() != '/' && whole.find("/./") == std::string::npos &&
        whole.find("/../") == std::string::npos) {
      return;
    }
    throw ConfigError("the primary config '" + name +
                      "' must be a name within the folders of configs, not a path; name its folder "
                      "by --config-dir");
  }

  [[noreturn]] void unknown_primary(const std::string& name) const {
    throw ConfigError("cannot find primary config '" + name + "'" +
                      known_names(name, repository_.options("")) + repository_.searched());
  }

  [[noreturn]] void missing_choice(const DefaultsItem& item) const {
    const std::string key = item.is_group ? item.override_key() : item.path;
    throw ConfigError((item.origin.source ? item.origin.text() + ": " : "") + "you must specify '" +
                      key + "', e.g. " + key + "=<option>" +
                      known_names("", repository_.options(item.group_path())));
  }

  [[noreturn]] void unknown_config(const DefaultsItem& item, const DefaultsItem* parent) const {
    std::string message = item.origin.source ? item.origin.text() + ": " : "";
    if (parent && !parent->path.empty() && !item.origin.source) message += in(*parent);
    message += "could not find '" + item.config_path() + "'";
    const std::string group = item.group_path();
    if (group.empty() || repository_.group_exists(group)) {
      message += known_names(item.choice().value_or(""), repository_.options(group));
    } else {
      message += "; there is no group '" + group + "'" + known_names(group, repository_.groups(""));
    }
    throw ConfigError(message + repository_.searched());
  }

  Repository& repository_;
  GroupOverrides& overrides_;
  int depth_ = 0;
  int items_ = 0;
};

/// The leaves of the tree, in order.
void flatten(const Tree& tree, const DefaultsItem* parent, std::vector<ComposedItem>& items) {
  const DefaultsItem& item = *tree.item;
  for (const auto& child : tree.children) {
    if (!child.item->is_self()) {
      flatten(child, &item, items);
      continue;
    }
    items.push_back({item.config_path(), item.final_package(), parent ? parent->config_path() : "",
                     true, item.primary, std::nullopt});
  }
  if (!tree.children.empty() || item.deleted || item.is_missing() || !item.choice()) return;
  ComposedItem leaf{
      item.config_path(), item.final_package(), parent ? parent->config_path() : "", false,
      item.primary,       std::nullopt};
  if (item.is_group) leaf.override_key = item.override_key();
  items.push_back(leaf);
}

void refuse_duplicates(const std::vector<ComposedItem>& items) {
  std::set<std::string> keys;
  for (const auto& item : items) {
    if (item.override_key && !keys.insert(*item.override_key).second) {
      throw ConfigError(*item.override_key + " appears more than once in the final defaults list");
    }
  }
}

}  // namespace

DefaultsList compose_defaults(Repository& repository, const std::string& config_name,
                              const std::vector<Override>& overrides) {
  const ConfigFile* primary = config_name.empty() ? nullptr : repository.load(config_name);
  GroupOverrides group_overrides(repository, overrides, !primary || !primary->fallback);
  Expander expander(repository, group_overrides);
  // The primary config first: its overrides reach into Hydra's own list, whose values come before.
  std::vector<Tree> trees;
  if (config_name.empty()) {
    trees = expander.expand_appended();
  } else {
    trees.push_back(expander.expand_primary(config_name));
  }
  DefaultsList list;
  flatten(expander.expand_hydra(), nullptr, list.items);
  for (const auto& tree : trees) flatten(tree, nullptr, list.items);
  refuse_duplicates(list.items);
  group_overrides.check_all_used();
  list.config_overrides = group_overrides.config_overrides();
  list.choices = group_overrides.choices();
  return list;
}

}  // namespace manyfold::config
