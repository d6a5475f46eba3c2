#include "common/config/yaml_scalar.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <regex>
#include <stdexcept>
#include <vector>

namespace manyfold::config {
namespace {

bool matches(const std::string& text, const std::regex& pattern) {
  // Numbers are short; a longer text would only risk std::regex's recursion.
  return text.size() <= 512 && std::regex_match(text, pattern);
}

bool is_bool(const std::string& text) {
  static const std::vector<std::string> words = {"yes",  "Yes",  "YES",  "no",    "No",    "NO",
                                                 "true", "True", "TRUE", "false", "False", "FALSE",
                                                 "on",   "On",   "ON",   "off",   "Off",   "OFF"};
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool is_null(const std::string& text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

bool is_int(const std::string& text) {
  static const std::regex pattern(
      "[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+"
      "|[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+");
  return matches(text, pattern);
}

const char* const kFloatOfBoth =
    "|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\\.[0-9_]*|[-+]?\\.(inf|Inf|INF)|\\.(nan|NaN|NAN)";

bool is_pyyaml_float(const std::string& text) {
  static const std::regex pattern(std::string("[-+]?[0-9][0-9_]*\\.[0-9_]*([eE][-+][0-9]+)?"
                                              "|\\.[0-9][0-9_]*([eE][-+][0-9]+)?") +
                                  kFloatOfBoth);
  return matches(text, pattern);
}

bool is_float(const std::string& text) {
  static const std::regex pattern(
      std::string("[-+]?[0-9][0-9_]*\\.[0-9_]*([eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
                  "|\\.[0-9_]+([eE][-+][0-9]+)?") +
      kFloatOfBoth);
  return is_pyyaml_float(text) || matches(text, pattern);
}

bool is_timestamp(const std::string& text) {
  static const std::regex pattern(
      "[0-9]{4}-[0-9]{2}-[0-9]{2}"
      "|[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?([Tt]|[ \\t]+)[0-9][0-9]?:[0-9]{2}:[0-9]{2}(\\.[0-9]*)?"
      "([ \\t]*(Z|[-+][0-9][0-9]?(:[0-9]{2})?))?");
  return matches(text, pattern);
}

/// The number without underscores and sign; whether there was a minus.
std::string bare(std::string text, bool& negative) {
  text.erase(std::remove(text.begin(), text.end(), '_'), text.end());
  negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.erase(0, 1);
  return text;
}

uint64_t digits_in_base(const std::string& digits, int base) {
  if (digits.empty() || !std::isalnum(static_cast<unsigned char>(digits[0]))) {
    throw std::invalid_argument("no digits");
  }
  size_t used = 0;
  const uint64_t number = std::stoull(digits, &used, base);
  if (used != digits.size()) throw std::invalid_argument("not a digit");
  return number;
}

std::vector<std::string> split_at_colons(const std::string& text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ':') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

uint64_t sexagesimal(const std::string& text) {
  uint64_t number = 0;
  for (const auto& part : split_at_colons(text)) {
    uint64_t scaled = 0;
    if (__builtin_mul_overflow(number, uint64_t{60}, &scaled) ||
        __builtin_add_overflow(scaled, digits_in_base(part, 10), &number)) {
      throw std::out_of_range("sexagesimal");
    }
  }
  return number;
}

double whole_float(const std::string& text) {
  static const std::regex pattern("[0-9]+\\.?[0-9]*([eE][-+]?[0-9]+)?|\\.[0-9]+([eE][-+]?[0-9]+)?");
  if (!matches(text, pattern)) throw std::invalid_argument("not a float");
  return std::strtod(text.c_str(), nullptr);  // beyond double's range: inf or 0, as in Python
}

}  // namespace

std::string plain_tag(const std::string& text) {
  if (is_null(text)) return "null";
  if (is_bool(text)) return "bool";
  if (text == "<<") return "merge";
  if (text == "=") return "value";
  const bool numeric = std::string("-+.0123456789").find(text[0]) != std::string::npos;
  // PyYAML's floats, then its integers, then OmegaConf's floats: no text is of two of them but by
  // way of this order.
  if (numeric && is_pyyaml_float(text)) return "float";
  if (numeric && text[0] != '.' && is_int(text)) return "int";
  if (numeric && is_float(text)) return "float";
  return "str";
}

bool plain_is_string_for_writer(const std::string& text) {
  return !(is_null(text) || is_bool(text) || text == "<<" || text == "=" || text == "!" ||
           text == "&" || text == "*" || is_pyyaml_float(text) || is_int(text) ||
           is_timestamp(text));
}

bool python_number(const std::string& text) {
  static const std::regex pattern(
      "\\s*[-+]?(([0-9](_?[0-9])*\\.?([0-9](_?[0-9])*)?|\\.[0-9](_?[0-9])*)([eE][-+]?[0-9](_?[0-9])"
      "*)?"
      "|inf|infinity|nan)\\s*",
      std::regex::icase);
  return matches(text, pattern);
}

int64_t yaml_int(const std::string& text) {
  bool negative = false;
  const std::string digits = bare(text, negative);
  uint64_t number = 0;
  if (digits.rfind("0b", 0) == 0) {
    number = digits_in_base(digits.substr(2), 2);
  } else if (digits.rfind("0x", 0) == 0) {
    number = digits_in_base(digits.substr(2), 16);
  } else if (digits.size() > 1 && digits[0] == '0') {
    number = digits_in_base(digits, 8);
  } else {
    number = sexagesimal(digits);
  }
  const uint64_t limit = uint64_t{1} << 63;
  if (number > limit || (number == limit && !negative)) throw std::out_of_range("64 bits");
  return negative ? static_cast<int64_t>(~number + 1) : static_cast<int64_t>(number);
}

double yaml_float(const std::string& text) {
  bool negative = false;
  std::string digits = bare(text, negative);
  std::transform(digits.begin(), digits.end(), digits.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  double number = 0;
  if (digits == ".inf") {
    number = std::numeric_limits<double>::infinity();
  } else if (digits == ".nan") {
    return std::numeric_limits<double>::quiet_NaN();
  } else {
    for (const auto& part : split_at_colons(digits)) number = number * 60 + whole_float(part);
  }
  return negative ? -number : number;
}

}  // namespace manyfold::config
