#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/config/token.h"

namespace manyfold::config {

struct Interpolation;

/// A piece of a text: words as they are (already unescaped), or an interpolation to put in.
struct TextPiece {
  std::string words;
  std::shared_ptr<const Interpolation> inter;  // when set, `words` is empty
};
using Text = std::vector<TextPiece>;

/// An argument of a resolver.
struct Argument {
  enum class Kind { primitive, quoted, list, dict };
  /// One token of a primitive; `inter` is set where it is an interpolation.
  struct Part {
    Lexeme lexeme;
    std::shared_ptr<const Interpolation> inter;
  };

  Kind kind = Kind::primitive;
  std::vector<Part> parts;                           // primitive
  Text text;                                         // quoted
  std::vector<Argument> items;                       // list
  std::vector<std::pair<Argument, Argument>> pairs;  // dict
};

/// `${a.b}`, `${..c[0]}`, `${oc.env:HOME,none}`, by the grammar of OmegaConf 2.2.
struct Interpolation {
  bool is_resolver = false;
  /// The path of a node or the name of a resolver, in pieces to be joined: keys, dots, brackets and
  /// nested interpolations.
  Text name;
  std::vector<Argument> arguments;  // of a resolver
};

/// The pieces of a string that holds "${". Throws ConfigError when it is malformed.
Text parse_text(const std::string& text);

/// One value as `oc.decode` reads it.
Argument parse_single_element(const std::string& text);

/// Throws ConfigError when `text` holds a malformed interpolation.
inline void check_interpolation(const std::string& text) { parse_text(text); }

/// "a.b[c]" -> a, b, c; "..a" -> "", "", a, as OmegaConf splits a path.
std::vector<std::string> split_key(const std::string& path);

}  // namespace manyfold::config
