#include "quantise/name_pattern.h"

#include <fnmatch.h>

namespace manyfold::quantise {

bool matches(const std::string& pattern, const std::string& name) {
  for (const auto* below : {"", ".*", "/*"}) {
    if (fnmatch((pattern + below).c_str(), name.c_str(), 0) == 0) return true;
  }
  return false;
}

}  // namespace manyfold::quantise
