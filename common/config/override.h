#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/config/value.h"

namespace manyfold::config {

struct Sweep;

/// A value as the command line gives it. Unlike a `Value` it remembers its quotes and may be a
/// sweep, so that it can be written back.
struct Element {
  enum class Kind { scalar, list, dict, sweep };
  Kind kind = Kind::scalar;
  Value scalar;    // null, bool, int, float or string
  char quote = 0;  // ' or " around a string
  std::vector<Element> items;
  std::vector<std::pair<Element, Element>> pairs;
  std::shared_ptr<Sweep> sweep;

  Element() = default;
  Element(Value value) : scalar(std::move(value)) {}  // NOLINT: scalars become elements
  bool is_sweep() const { return kind == Kind::sweep; }
};

/// Several values for one key.
struct Sweep {
  enum class Kind { choice, range, interval, glob };
  Kind kind = Kind::choice;
  bool simple = false;  // written a,b,c, which needs no function
  bool shuffle = false;
  std::vector<Element> choices;
  Value start, stop, step;                    // of a range or an interval: ints or floats
  std::vector<std::string> include, exclude;  // of a glob
};

/// One override of the command line: `key=value`, `+key=value`, `++key=value`, `~key`,
/// `~key=value`, `group@package=option`.
struct Override {
  enum class Kind { change, add, force_add, remove };
  Kind kind = Kind::change;
  std::string key;                     // a dotted path or a group with slashes
  std::optional<std::string> package;  // what stands behind @
  std::optional<Element> value;        // none only for `~key`
  std::string line;                    // as it was given
  int number = 0;                      // its place on the command line, from 1

  bool is_sweep() const { return value && value->is_sweep(); }
  /// Overrides of Hydra itself, `hydra.…` or `hydra/…`.
  bool is_hydra() const;
  /// The key with its package and the +, ++ or ~ in front.
  std::string key_text() const;
  /// The value as a config value, its origin set. Null for `~key`. Throws ConfigError for a sweep.
  Value config_value() const;
  /// "command line override 2 (lr=0.1)".
  Origin origin() const;
};

/// Parses one override by the grammar of Hydra 1.3. Throws ConfigError that quotes it.
Override parse_override(const std::string& line, int number = 1);

/// As `Override::config_value`, of any element that is no sweep.
Value to_value(const Element& element);

/// The text that parses as the element again.
std::string to_override_text(const Element& element);

}  // namespace manyfold::config
