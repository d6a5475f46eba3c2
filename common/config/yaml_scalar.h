#pragma once

#include <cstdint>
#include <string>

namespace manyfold::config {

/// The short name of the tag that a plain scalar gets: "null", "bool", "int", "float", "merge",
/// "value" or "str", by YAML 1.1 as PyYAML reads it, with OmegaConf's floats (1e3) and without its
/// time stamps.
std::string plain_tag(const std::string& text);

/// Whether PyYAML's own reader would take `text`, left plain, for anything but a string. This is
/// what its writer asks before it leaves out the quotes, and there time stamps count and 1e3 does
/// not.
bool plain_is_string_for_writer(const std::string& text);

/// Whether Python's float() accepts `text` (int() accepts nothing more that matters here).
/// OmegaConf quotes such strings.
bool python_number(const std::string& text);

/// YAML 1.1 integers: 0b, 0x, octal by a leading 0, sexagesimal 1:30, underscores. Throws
/// std::out_of_range past 64 bits and std::invalid_argument for what is no integer.
int64_t yaml_int(const std::string& text);

/// YAML 1.1 floats, `.inf` and `.nan` and sexagesimals included; throws std::invalid_argument.
double yaml_float(const std::string& text);

}  // namespace manyfold::config
