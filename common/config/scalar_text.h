#pragma once

#include <string>

namespace manyfold::config {

/// What a string would need to be written in each of YAML's styles, as PyYAML judges it.
struct ScalarAnalysis {
  bool empty = false;
  bool multiline = false;
  bool plain = true;          // may stand without quotes in block context
  bool single_quoted = true;  // may stand in single quotes
};

ScalarAnalysis analyze_scalar(const std::u32string& text);

/// Line breaks of YAML 1.1: LF, NEL, LS and PS.
bool is_break(char32_t c);

std::u32string decode_utf8(const std::string& text);
std::string encode_utf8(const std::u32string& text);

/// The escape of a character in double quotes, "\\n" or "\\x07"; empty for one that needs none.
std::u32string double_quoted_escape(char32_t c);

}  // namespace manyfold::config
