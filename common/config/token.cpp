#include "common/config/token.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <stdexcept>

#include "common/error.h"

namespace manyfold::config {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char at(const std::string& text, size_t position) {
  return position < text.size() ? text[position] : '\0';
}

/// `[0-9](_?[0-9])*`.
size_t digits(const std::string& text, size_t position) {
  size_t end = position;
  while (is_digit(at(text, end)) ||
         (end > position && at(text, end) == '_' && is_digit(at(text, end + 1)))) {
    ++end;
  }
  return end - position;
}

size_t sign(const std::string& text, size_t position) {
  return at(text, position) == '+' || at(text, position) == '-' ? 1 : 0;
}

/// `word`, whatever the case of its letters.
size_t keyword(const std::string& text, size_t position, const char* word) {
  const size_t length = std::strlen(word);
  if (text.size() - position < length) return 0;
  for (size_t i = 0; i < length; ++i) {
    if (std::tolower(static_cast<unsigned char>(text[position + i])) != word[i]) return 0;
  }
  return length;
}

/// `[eE][+-]?digits`.
size_t exponent(const std::string& text, size_t position) {
  if (at(text, position) != 'e' && at(text, position) != 'E') return 0;
  const size_t signed_at = position + 1 + sign(text, position + 1);
  const size_t length = digits(text, signed_at);
  return length ? signed_at + length - position : 0;
}

size_t real(const std::string& text, size_t position) {
  const size_t start = position + sign(text, position);
  const size_t whole = unsigned_integer(text, start);
  size_t mantissa = whole;
  bool is_real = false;
  if (at(text, start + whole) == '.') {
    const size_t fraction = digits(text, start + whole + 1);
    if (whole || fraction) {
      mantissa = whole + 1 + fraction;
      is_real = true;
    }
  }
  size_t best = is_real ? mantissa : 0;
  if (mantissa) {
    const size_t power = exponent(text, start + mantissa);
    if (power) best = mantissa + power;
  }
  best = std::max({best, keyword(text, start, "inf"), keyword(text, start, "nan")});
  return best ? start - position + best : 0;
}

size_t integer(const std::string& text, size_t position) {
  const size_t signs = sign(text, position);
  const size_t length = unsigned_integer(text, position + signs);
  return length ? signs + length : 0;
}

/// A run of escaped characters.
size_t escapes(const std::string& text, size_t position) {
  size_t end = position;
  while (at(text, end) == '\\' && end + 1 < text.size() &&
         std::strchr("\\()[]{}:=, \t", text[end + 1])) {
    end += 2;
  }
  return end - position;
}

/// `c` with blanks before, after or on both sides.
size_t spaced(const std::string& text, size_t position, char c, bool before, bool after) {
  const size_t where = position + (before ? spaces(text, position) : 0);
  if (at(text, where) != c) return 0;
  return where + 1 + (after ? spaces(text, where + 1) : 0) - position;
}

}  // namespace

size_t spaces(const std::string& text, size_t position) {
  size_t end = position;
  while (at(text, end) == ' ' || at(text, end) == '\t') ++end;
  return end - position;
}

size_t identifier(const std::string& text, size_t position) {
  if (!is_letter(at(text, position)) && at(text, position) != '_') return 0;
  size_t end = position + 1;
  while (is_letter(at(text, end)) || is_digit(at(text, end)) || at(text, end) == '_' ||
         at(text, end) == '-') {
    ++end;
  }
  return end - position;
}

size_t unsigned_integer(const std::string& text, size_t position) {
  if (at(text, position) == '0') return 1;
  return digits(text, position);
}

void prefer_longer(Lexeme& best, Lexeme other) {
  if (other.text.size() > best.text.size()) best = std::move(other);
}

Lexeme value_token(const std::string& text, size_t position) {
  Lexeme best{Token::none, "", position};
  const auto offer = [&](Token token, size_t length) {
    prefer_longer(best, {token, text.substr(position, length), position});
  };
  offer(Token::comma, spaced(text, position, ',', true, true));
  offer(Token::bracket_open, spaced(text, position, '[', false, true));
  offer(Token::bracket_close, spaced(text, position, ']', true, false));
  offer(Token::brace_open, spaced(text, position, '{', false, true));
  offer(Token::brace_close, spaced(text, position, '}', true, false));
  offer(Token::colon, spaced(text, position, ':', true, true));
  offer(Token::real, real(text, position));
  offer(Token::integer, integer(text, position));
  offer(Token::boolean,
        std::max(keyword(text, position, "true"), keyword(text, position, "false")));
  offer(Token::null, keyword(text, position, "null"));
  const bool special = position < text.size() && std::strchr("/-\\+.$%*@?|", text[position]) &&
                       text[position] != '\0';
  offer(Token::unquoted_char, special ? 1 : 0);
  offer(Token::id, identifier(text, position));
  offer(Token::escape, escapes(text, position));
  offer(Token::space, spaces(text, position));
  return best;
}

std::string unescape(const std::string& escaped) {
  std::string text;
  for (size_t i = 1; i < escaped.size(); i += 2) text += escaped[i];
  return text;
}

int64_t python_int(const std::string& number) {
  try {
    return std::stoll(without_underscores(number));
  } catch (const std::out_of_range&) {
    throw ConfigError(number + " does not fit into 64 bits");
  }
}

std::string without_underscores(const std::string& number) {
  std::string digits = number;
  digits.erase(std::remove(digits.begin(), digits.end(), '_'), digits.end());
  return digits;
}

}  // namespace manyfold::config
