#include "common/config/compose.h"

#include <algorithm>
#include <iostream>

#include "common/config/merge.h"
#include "common/config/resolve.h"
#include "common/config/yaml_reader.h"
#include "common/error.h"

namespace manyfold::config {
namespace {

std::vector<Override> parse_all(const std::vector<std::string>& lines) {
  std::vector<Override> overrides;
  for (const auto& line : lines) {
    overrides.push_back(parse_override(line, static_cast<int>(overrides.size()) + 1));
  }
  return overrides;
}

void refuse_sweeps(const std::vector<Override>& overrides) {
  for (const auto& override : overrides) {
    if (!override.is_sweep()) continue;
    if (!override.value->sweep->simple) {
      throw ConfigError("override '" + override.line + "': a sweep needs --multirun");
    }
    throw ConfigError("override '" + override.line + "' is ambiguous. For a list, write " +
                      override.key_text() + "=[a,b]; for a string, quote it: " +
                      override.key_text() + "=\\'a,b\\'; for a sweep, add --multirun");
  }
}

/// Folders that the primary config or the command line adds, `hydra.searchpath`.
void add_search_path(Repository& repository, const std::string& config_name,
                     const std::vector<Override>& overrides) {
  Value path;
  if (const ConfigFile* primary = config_name.empty() ? nullptr : repository.load(config_name)) {
    if (!primary->config.is_map()) {
      throw ConfigError(primary->config.origin.text() +
                        ": the primary config must be a mapping, not " + primary->config.kind());
    }
    const Value* hydra = primary->config.find("hydra");
    const Value* given = hydra ? hydra->find("searchpath") : nullptr;
    if (given) path = *given;
  }
  for (const auto& override : overrides) {
    if (override.key_text() == "hydra.searchpath") path = override.config_value();
  }
  if (path.is_null()) return;
  const auto is_string = [](const Value& item) { return item.is_string(); };
  if (!path.is_list() || !std::all_of(path.list().begin(), path.list().end(), is_string)) {
    throw ConfigError(path.origin.text() + ": hydra.searchpath must be a list of strings");
  }
  for (const auto& item : path.list()) {
    std::string folder = item.string();
    if (folder.rfind("file://", 0) == 0) folder = folder.substr(7);
    if (folder.find("://") != std::string::npos) {
      throw ConfigError(item.origin.text() + ": hydra.searchpath: '" + folder +
                        "' is no folder; only files are searched here");
    }
    if (!std::filesystem::is_directory(folder)) {
      std::cerr << "manyfold: hydra.searchpath: there is no folder '" << folder << "'\n";
    }
    repository.add(folder);
  }
}

/// The values of one config under its package.
Value packaged(const ConfigFile& file, const std::string& package) {
  if (package.empty()) return file.config;
  Value config{Map()};
  place(config, package, file.config);
  return config;
}

Value merged(Repository& repository, const std::vector<ComposedItem>& items) {
  Value config{Map()};
  for (const auto& item : items) {
    const ConfigFile* file = repository.load(item.config_path);
    if (!file) throw ConfigError("could not load '" + item.config_path + "'");
    if (!item.primary && item.config_path != "hydra/config") {
      const Value* hydra = file->config.find("hydra");
      if (hydra && hydra->find("searchpath")) {
        throw ConfigError(hydra->origin.text() +
                          ": hydra.searchpath may be set by the primary config only");
      }
    }
    merge(config, packaged(*file, item.package));
  }
  return config;
}

void remove_key(Value& config, const Override& override) {
  const auto there = Resolver(config, &config).peek(override.key);
  if (!there || there->is_null() || there->is_missing()) {
    throw ConfigError("override '" + override.line + "': could not delete '" + override.key +
                      "', it does not exist");
  }
  const Value expected = override.config_value();
  if (!expected.is_null() && expected != *there) {
    throw ConfigError("override '" + override.line + "': could not delete '" + override.key +
                      "', its value is " + there->text() + " and not " + expected.text());
  }
  if (!remove(config, override.key)) {
    throw ConfigError("override '" + override.line + "': could not delete '" + override.key +
                      "', it is no key of a mapping");
  }
}

void add_key(Value& config, const Override& override) {
  const Value value = override.config_value();
  const auto there = Resolver(config, &config).peek(override.key);
  if (there && !there->is_null() && !there->is_missing() && !value.is_container()) {
    throw ConfigError("override '" + override.line + "': could not append, '" + override.key +
                      "' exists already. To override it leave out the +, to do either write ++");
  }
  update(config, override.key, value, Adding::allowed);
}

void collect_keys(const Value& value, const std::string& prefix, std::vector<std::string>& keys) {
  if (!value.is_map()) return;
  for (const auto& [key, child] : value.map()) {
    keys.push_back(prefix + key.text());
    collect_keys(child, keys.back() + ".", keys);
  }
}

void change_key(Value& config, const Override& override) {
  const Adding adding = override.is_hydra() ? Adding::allowed : Adding::refused;
  try {
    update(config, override.key, override.config_value(), adding);
  } catch (const UnknownKeyError& unknown) {
    std::vector<std::string> keys;
    collect_keys(config, "", keys);
    const std::string near = nearest_name(unknown.key, keys);
    throw ConfigError(
        "Could not override '" + override.key + "'" +
        (unknown.key == override.key ? "." : ": " + std::string(unknown.what()) + ".") +
        (near.empty() ? "" : " Did you mean '" + near + "'?") + "\nTo append to your config use +" +
        override.line);
  }
}

/// What names a package is no key: it meant a group, which did not catch it.
void refuse_missed_choice(const Repository& repository, const Override& override) {
  if (!override.package || !override.value || !repository.group_exists(override.key)) return;
  const auto choice = override.config_value().text();
  if (!repository.config_exists(override.key + "/" + choice)) {
    throw ConfigError("override '" + override.line + "': the group '" + override.key +
                      "' has no choice '" + choice + "'" +
                      known_names(choice, repository.options(override.key)));
  }
  throw ConfigError("override '" + override.line + "': the defaults list has no '" + override.key +
                    "@" + *override.package + "'; to add it, write +" + override.key + "@" +
                    *override.package + "=" + choice);
}

void apply(Value& config, const Override& override) {
  if (override.package) {
    throw ConfigError("override '" + override.line +
                      "' looks like the choice of a group, but there "
                      "is no group '" +
                      override.key + "'");
  }
  if (override.key.empty()) throw ConfigError("override '" + override.line + "' has no key");
  try {
    switch (override.kind) {
      case Override::Kind::remove:
        return remove_key(config, override);
      case Override::Kind::add:
        return add_key(config, override);
      case Override::Kind::force_add:
        return update(config, override.key, override.config_value(), Adding::allowed);
      case Override::Kind::change:
        return change_key(config, override);
    }
  } catch (const ConfigError& error) {
    const std::string message = error.what();
    if (message.find(override.line) != std::string::npos) throw;
    throw ConfigError("override '" + override.line + "': " + message);
  }
}

void refuse_group_choice(const Value& config, const Override& override, const std::string& origin) {
  if (override.kind != Override::Kind::change || override.key.empty()) return;
  const auto there = Resolver(config).peek(override.key);
  if (!there || !there->is_map() || override.config_value().is_container()) return;
  std::vector<std::string> keys;
  for (const auto& [key, value] : there->map()) keys.push_back(override.key + "." + key.text());
  throw ConfigError("override '" + override.line + "': '" + override.key + "' is a section of " +
                    origin + ", which has no groups to choose from; give its keys" +
                    known_names("", keys));
}

/// What Hydra notes of the run in its own node.
void note_run(Value& config, const ComposeRequest& request, const Composed& composed) {
  List task, own;
  for (const auto& line : request.overrides) {
    (parse_override(line).is_hydra() ? own : task).push_back(line);
  }
  Map choices;
  for (const auto& [key, choice] : composed.choices) {
    choices.set(key, choice ? Value(*choice) : Value());
  }
  Value* hydra = config.map().find("hydra");
  if (!hydra || !hydra->is_map()) throw ConfigError("the config's 'hydra' must be a mapping");
  const auto section = [&](const char* key) -> Map& {
    Value* there = hydra->map().find(key);
    if (!there || !there->is_map()) there = &hydra->map().set(key, Value(Map()));
    return there->map();
  };
  section("overrides").set("task", task);
  section("overrides").set("hydra", own);
  section("runtime").set("choices", choices);
  section("runtime").set("cwd", std::filesystem::current_path().string());
  section("job").set("config_name", request.config_name.empty() ? Value() : request.config_name);
}

}  // namespace

Value Composed::resolved() const { return resolve(config, &job); }

Composed compose(const ComposeRequest& request) {
  Repository repository(request.folders);
  const auto overrides = parse_all(request.overrides);
  add_search_path(repository, request.config_name, overrides);
  refuse_sweeps(overrides);
  const auto list = compose_defaults(repository, request.config_name, overrides);

  Composed composed;
  composed.defaults = list.items;
  composed.choices = list.choices;
  composed.job = merged(repository, list.items);
  note_run(composed.job, request, composed);
  for (const auto& override : list.config_overrides) {
    refuse_missed_choice(repository, override);
    apply(composed.job, override);
  }
  composed.config = composed.job;
  composed.config.map().erase("hydra");
  return composed;
}

Composed recompose(const std::string& yaml, const std::string& origin,
                   const std::vector<std::string>& lines) {
  Composed composed;
  composed.config = parse_yaml(yaml, origin);
  const auto overrides = parse_all(lines);
  refuse_sweeps(overrides);
  for (const auto& override : overrides) {
    refuse_group_choice(composed.config, override, origin);
    apply(composed.config, override);
  }
  composed.job = composed.config;
  return composed;
}

}  // namespace manyfold::config
