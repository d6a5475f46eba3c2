#pragma once

#include <string>

#include "common/config/value.h"

namespace manyfold::config {

/// The text that OmegaConf.to_yaml() gives, to the letter: block style, lists not indented, keys in
/// order, strings that could be read as something else in quotes, long ones folded at 80 columns.
std::string to_yaml(const Value& value);

}  // namespace manyfold::config
