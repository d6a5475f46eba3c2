#pragma once

#include <string>

#include "common/config/value.h"

namespace manyfold::config {

/// As Python's json.dumps() writes it: ", " and ": " between, everything but ASCII escaped, NaN and
/// Infinity as such, keys that are no strings turned into strings. `indent` > 0 spreads it over
/// lines as json.dumps(indent=...) does.
std::string to_json(const Value& value, int indent = 0);

}  // namespace manyfold::config
