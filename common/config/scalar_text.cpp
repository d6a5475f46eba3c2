#include "common/config/scalar_text.h"

#include <cstdio>
#include <map>

namespace manyfold::config {
namespace {

bool is_one_of(char32_t c, const char32_t* set) {
  for (; *set; ++set) {
    if (*set == c) return true;
  }
  return false;
}

bool is_blank(char32_t c) { return c == 0 || c == ' ' || c == '\t' || c == '\r' || is_break(c); }

bool is_printable(char32_t c) {
  if (c == '\n' || (c >= 0x20 && c <= 0x7E)) return true;
  if (c == 0xFEFF) return false;
  return c == 0x85 || (c >= 0xA0 && c <= 0xD7FF) || (c >= 0xE000 && c <= 0xFFFD) ||
         (c >= 0x10000 && c < 0x10FFFF);
}

/// Whether a character at `i` means something to YAML outside quotes.
bool is_indicator(const std::u32string& text, size_t i) {
  const char32_t c = text[i];
  const bool blank_after = i + 1 >= text.size() || is_blank(text[i + 1]);
  const bool blank_before = i == 0 || is_blank(text[i - 1]);
  if (i == 0) {
    if (is_one_of(c, U"#,[]{}&*!|>'\"%@`")) return true;
    return is_one_of(c, U"?:-") && blank_after;
  }
  return (c == ':' && blank_after) || (c == '#' && blank_before);
}

}  // namespace

bool is_break(char32_t c) { return c == '\n' || c == 0x85 || c == 0x2028 || c == 0x2029; }

ScalarAnalysis analyze_scalar(const std::u32string& text) {
  ScalarAnalysis result;
  if (text.empty()) {
    result.empty = true;
    return result;
  }
  bool special = false, indicators = text.substr(0, 3) == U"---" || text.substr(0, 3) == U"...";
  bool space_break = false, break_space = false;
  for (size_t i = 0; i < text.size(); ++i) {
    indicators = indicators || is_indicator(text, i);
    special = special || !is_printable(text[i]);
    result.multiline = result.multiline || is_break(text[i]);
    if (i > 0) {
      space_break = space_break || (text[i - 1] == ' ' && is_break(text[i]));
      break_space = break_space || (is_break(text[i - 1]) && text[i] == ' ');
    }
  }
  const auto at_edge = [](char32_t c) { return c == ' ' || is_break(c); };
  result.single_quoted = !(break_space || space_break || special);
  result.plain = result.single_quoted && !result.multiline && !indicators &&
                 !at_edge(text.front()) && !at_edge(text.back());
  return result;
}

std::u32string decode_utf8(const std::string& text) {
  std::u32string out;
  for (size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const size_t length = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    char32_t c = length == 1 ? byte : byte & (0x7F >> length);
    for (size_t k = 1; k < length && i + k < text.size(); ++k) {
      c = (c << 6) | (static_cast<unsigned char>(text[i + k]) & 0x3F);
    }
    out += c;
    i += length;
  }
  return out;
}

std::string encode_utf8(const std::u32string& text) {
  std::string out;
  for (const char32_t c : text) {
    if (c < 0x80) {
      out += static_cast<char>(c);
    } else if (c < 0x800) {
      out += static_cast<char>(0xC0 | (c >> 6));
      out += static_cast<char>(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
      out += static_cast<char>(0xE0 | (c >> 12));
      out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
      out += static_cast<char>(0x80 | (c & 0x3F));
    } else {
      out += static_cast<char>(0xF0 | (c >> 18));
      out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
      out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
      out += static_cast<char>(0x80 | (c & 0x3F));
    }
  }
  return out;
}

std::u32string double_quoted_escape(char32_t c) {
  static const std::map<char32_t, char32_t> letters = {
      {0, '0'},     {7, 'a'},    {8, 'b'},    {9, 't'},      {10, 'n'},
      {11, 'v'},    {12, 'f'},   {13, 'r'},   {0x1B, 'e'},   {'"', '"'},
      {'\\', '\\'}, {0x85, 'N'}, {0xA0, '_'}, {0x2028, 'L'}, {0x2029, 'P'}};
  const bool as_it_is =
      c != '"' && c != '\\' && c != 0x2028 && c != 0x2029 && c != 0xFEFF &&
      ((c >= 0x20 && c <= 0x7E) || (c >= 0xA0 && c <= 0xD7FF) || (c >= 0xE000 && c <= 0xFFFD));
  if (as_it_is) return U"";
  const auto letter = letters.find(c);
  if (letter != letters.end()) return {'\\', letter->second};
  char text[16];
  const char* const form = c <= 0xFF ? "\\x%02X" : c <= 0xFFFF ? "\\u%04X" : "\\U%08X";
  std::snprintf(text, sizeof text, form, static_cast<unsigned>(c));
  return decode_utf8(text);
}

}  // namespace manyfold::config
