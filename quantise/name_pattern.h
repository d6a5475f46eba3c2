#pragma once

#include <string>

namespace manyfold::quantise {

/// Whether a name is the pattern, or stands below it ("heads.faces" holds "heads.faces.out/Conv"),
/// * being any letters.
bool matches(const std::string& pattern, const std::string& name);

}  // namespace manyfold::quantise
