#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace manyfold::config {

/// The tokens that values are made of in Hydra's override grammar and in the arguments of
/// OmegaConf's resolvers, which are the same but for what each adds.
enum class Token {
  none,
  comma,
  bracket_open,
  bracket_close,
  brace_open,
  brace_close,
  colon,
  real,
  integer,
  boolean,
  null,
  unquoted_char,
  id,
  escape,
  space,
  // Hydra's overrides only:
  paren_open,
  paren_close,
  equal,
  quoted,
  interpolation
};

struct Lexeme {
  Token token = Token::none;
  std::string text;
  size_t position = 0;  // in the text it was cut from
};

/// The longest token at `position`; among equally long ones the first of the enumeration. `none`
/// with an empty text when nothing matches. Leaves out Hydra's own tokens.
Lexeme value_token(const std::string& text, size_t position);

/// What value_token() and the caller's own candidates agree on: keeps the longer, `best` on a tie.
void prefer_longer(Lexeme& best, Lexeme other);

/// Length of `[ \t]*` at `position`.
size_t spaces(const std::string& text, size_t position);
/// Length of an identifier, `[a-zA-Z_][a-zA-Z0-9_-]*`, at `position`; 0 when there is none.
size_t identifier(const std::string& text, size_t position);
/// Length of `0|[1-9](_?[0-9])*` at `position`; 0 when there is none.
size_t unsigned_integer(const std::string& text, size_t position);

/// Removes the backslash before every character of an `escape` token.
std::string unescape(const std::string& escaped);
/// The value of an `integer` token. Throws ConfigError beyond 64 bits.
int64_t python_int(const std::string& number);
/// Without the underscores that may group a number's digits.
std::string without_underscores(const std::string& number);

}  // namespace manyfold::config
