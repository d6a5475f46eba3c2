#pragma once

#include <string>

#include "common/config/value.h"
#include "common/error.h"

namespace manyfold::config {

/// A key that is not there, where nothing new may be added.
struct UnknownKeyError : ConfigError {
  explicit UnknownKeyError(const std::string& full_key)
      : ConfigError("there is no key '" + full_key + "'"), key(full_key) {}
  std::string key;
};

/// Merges `source` into `root` as OmegaConf does: mappings key by key, anything else replaces what
/// was there, "???" changes nothing. A mapping over a list, or a list over a mapping, is a
/// ConfigError. An interpolation that leads to a mapping becomes a copy of it when keys are merged
/// into it.
void merge(Value& root, const Value& source);

/// How update() treats what is not there yet.
enum class Adding { refused, allowed };

/// Sets the value at the dotted `path`; a mapping or list is merged into one that is there. Plain
/// values on the way become mappings. Throws UnknownKeyError when a key would be new and adding is
/// refused.
void update(Value& root, const std::string& path, const Value& value, Adding adding);

/// Sets the value at the dotted `path`, replacing whatever was there.
void place(Value& root, const std::string& path, Value value);

/// Removes the key at the dotted `path`; false when it is not there.
bool remove(Value& root, const std::string& path);

}  // namespace manyfold::config
