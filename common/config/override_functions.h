#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/config/override.h"

namespace manyfold::config {

/// A function in an override, `range(1,10,step=2)`.
struct Call {
  std::string name;
  std::vector<Element> arguments;
  std::vector<std::pair<std::string, Element>> named;
};

/// Evaluates the functions of Hydra 1.3: the casts int, float, str, bool and json_str, the sweeps
/// choice, range, interval and glob, and sort, shuffle and tag over them. Throws ConfigError
/// that says what the function takes.
Element call_function(const Call& call);

Element sweep_element(std::shared_ptr<Sweep> sweep);

}  // namespace manyfold::config
