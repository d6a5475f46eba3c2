#include "report/html.h"

#include <fmt/format.h>

#include <cctype>
#include <cmath>

namespace manyfold::report {

std::string escaped(const std::string& text) {
  std::string safe;
  safe.reserve(text.size());
  for (const char letter : text) {
    switch (letter) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += letter;
    }
  }
  return safe;
}

std::string script_json(const std::string& json) {
  std::string safe;
  safe.reserve(json.size());
  for (const char letter : json) {
    if (letter == '<') {
      safe += "\\u003c";  // '<' occurs in JSON inside strings only
    } else {
      safe += letter;
    }
  }
  return safe;
}

std::string value_text(double value) {
  if (std::isnan(value)) return "-";
  if (value == std::floor(value) && std::abs(value) < 1e9) return fmt::format("{:.0f}", value);
  const double size = std::abs(value);
  return size >= 0.001 && size < 1 ? fmt::format("{:.4f}", value) : fmt::format("{:.5g}", value);
}

std::string count_text(int64_t count) {
  std::string text = std::to_string(count);
  const int first = count < 0 ? 1 : 0;
  for (int at = static_cast<int>(text.size()) - 3; at > first; at -= 3) text.insert(at, ",");
  return text;
}

bool is_number(const std::string& cell) {
  if (cell.empty()) return false;
  if (cell == "-") return true;
  size_t i = cell[0] == '-' || cell[0] == '+' ? 1 : 0;
  const size_t first = i;
  while (i < cell.size() &&
         (std::isdigit(static_cast<unsigned char>(cell[i])) || cell[i] == '.' || cell[i] == ',')) {
    ++i;
  }
  return i > first && std::isdigit(static_cast<unsigned char>(cell[i - 1])) &&
         (i == cell.size() || cell[i] == ' ' || cell[i] == 'e' || cell[i] == '%');
}

}  // namespace manyfold::report
