#pragma once

#include <filesystem>
#include <string>

#include "common/config/value.h"

namespace manyfold::config {

/// Reads YAML 1.1 into the values that OmegaConf.load() gives: `yes` is a bool, 010 is 8, 1e3 is a
/// float, 2020-01-01 a string; `<<` merges; an empty document is an empty mapping. Every value
/// knows its line.
///
/// Throws ConfigError, beginning with "source:line: ", for whatever OmegaConf refuses (broken YAML,
/// tabs between tokens, duplicate keys or anchors, unknown tags, malformed "${"), and besides for
/// integers beyond 64 bits, more than 128 levels, and more than 200 000
/// values (aliases count as often as they stand).
Value parse_yaml(const std::string& text, const std::string& source);

/// The same for a file. Throws ConfigError when it cannot be read.
Value load_yaml(const std::filesystem::path& file);

}  // namespace manyfold::config
