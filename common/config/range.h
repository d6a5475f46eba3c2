#pragma once

#include <string>

#include "common/config/fields.h"

namespace manyfold::config {

bool contains(const Range& range, double value);

/// "> 0", ">= 1", "in [0, 1]", "in (0, 1]"; empty when anything is allowed.
std::string text(const Range& range);

}  // namespace manyfold::config
