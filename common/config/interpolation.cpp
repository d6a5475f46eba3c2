#include "common/config/interpolation.h"

#include <algorithm>
#include <cstring>

#include "common/error.h"

namespace manyfold::config {
namespace {

constexpr int kMaxNesting = 64;

/// Recursive descent over OmegaConf's grammar. Its lexer has modes; here the place in the grammar
/// says which tokens are possible.
class Parser {
 public:
  explicit Parser(const std::string& text) : text_(text) {}

  Text whole_text() { return text_until('\0'); }

  Argument whole_element() {
    Argument made = element();
    if (position_ < text_.size()) fail("unexpected");
    return made;
  }

 private:
  char at(size_t position) const { return position < text_.size() ? text_[position] : '\0'; }
  bool starts(const char* what) const {
    return text_.compare(position_, std::strlen(what), what) == 0;
  }

  [[noreturn]] void fail(const std::string& what) const {
    const std::string rest = text_.substr(std::min(position_, text_.size()), 20);
    throw ConfigError("malformed interpolation in '" + text_ + "': " + what + " " +
                      (rest.empty() ? "at the end" : "at '" + rest + "'"));
  }

  void enter() {
    if (++nesting_ > kMaxNesting) fail("nested too deep");
  }

  /// Text up to the end, or up to and with an unescaped `quote`.
  Text text_until(char quote) {
    Text pieces;
    while (position_ < text_.size()) {
      if (quote && at(position_) == quote) {
        ++position_;
        return pieces;
      }
      if (starts("${")) {
        pieces.push_back({"", interpolation()});
      } else if (at(position_) == '\\') {
        pieces.push_back({backslashes(quote), nullptr});
      } else {
        pieces.push_back({run_of_words(quote), nullptr});
      }
    }
    if (quote) fail("a quote without an end");
    return pieces;
  }

  /// Backslashes are themselves, unless they stand before an interpolation, before a quote inside
  /// quotes, or at the end of a quoted string: there each pair is one backslash.
  std::string backslashes(char quote) {
    size_t end = position_;
    while (at(end) == '\\') ++end;
    const size_t count = end - position_;
    position_ = end;
    const bool before_inter = text_.compare(end, 2, "${") == 0;
    const bool before_quote = quote && at(end) == quote;
    if (!before_inter && !before_quote) return std::string(count, '\\');
    std::string kept(count / 2, '\\');
    if (count % 2 == 0) return kept;
    const size_t escaped = before_inter ? 2 : 1;
    kept += text_.substr(position_, escaped);
    position_ += escaped;
    return kept;
  }

  std::string run_of_words(char quote) {
    const size_t start = position_++;  // a lone $ is a word
    while (position_ < text_.size() && at(position_) != '$' && at(position_) != '\\' &&
           !(quote && at(position_) == quote)) {
      ++position_;
    }
    return text_.substr(start, position_ - start);
  }

  std::shared_ptr<const Interpolation> interpolation() {
    enter();
    position_ += 2;
    position_ += spaces(text_, position_);
    auto made = std::make_shared<Interpolation>();
    std::string shape;  // k key, i identifier, n nested, and . [ ]
    for (;;) {
      const size_t blanks = spaces(text_, position_);
      const char next = at(position_ + blanks);
      if (next == '}' || next == ':') {
        position_ += blanks + 1;
        made->is_resolver = next == ':';
        break;
      }
      shape += name_piece(made->name);
    }
    if (made->is_resolver) {
      check_resolver_name(shape);
      position_ += spaces(text_, position_);
      made->arguments = sequence(Token::brace_close);
    } else {
      check_path(shape);
    }
    --nesting_;
    return made;
  }

  /// Reads one token of a path or name; returns its letter for the shape.
  char name_piece(Text& name) {
    if (starts("${")) {
      name.push_back({"", interpolation()});
      return 'n';
    }
    const char c = at(position_);
    if (c == '.' || c == '[' || c == ']') {
      ++position_;
      name.push_back({std::string(1, c), nullptr});
      return c;
    }
    size_t end = position_;
    while (end < text_.size() && !std::strchr("\\{}()[]:. \t'\"", text_[end])) ++end;
    if (end == position_) fail("unexpected");
    const bool id = identifier(text_, position_) == end - position_;
    name.push_back({text_.substr(position_, end - position_), nullptr});
    position_ = end;
    return id ? 'i' : 'k';
  }

  /// (n | i) (. (n | i))*
  void check_resolver_name(const std::string& shape) const {
    bool good = shape.size() % 2 == 1;
    for (size_t i = 0; i < shape.size(); ++i) {
      good = good && (i % 2 ? shape[i] == '.' : shape[i] == 'i' || shape[i] == 'n');
    }
    if (!good) fail("a resolver's name is words with dots between, before");
  }

  /// .* (key | [key]) (. key | [key])*
  void check_path(const std::string& shape) const {
    const auto key = [&](size_t i) { return i < shape.size() && std::strchr("ikn", shape[i]); };
    size_t i = 0;
    while (i < shape.size() && shape[i] == '.') ++i;
    bool first = true;
    do {
      if (i < shape.size() && shape[i] == '[') {
        if (!key(i + 1) || i + 2 >= shape.size() || shape[i + 2] != ']')
          fail("a broken path before");
        i += 3;
      } else {
        if (!first && (i >= shape.size() || shape[i++] != '.')) fail("a broken path before");
        if (!key(i)) fail("a broken path before");
        ++i;
      }
      first = false;
    } while (i < shape.size());
  }

  Lexeme peek() const { return value_token(text_, position_); }

  bool take(Token token) {
    const auto lexeme = peek();
    if (lexeme.token != token) return false;
    position_ += lexeme.text.size();
    return true;
  }

  /// Elements with commas between, up to and with `end`. A missing element is an empty string.
  std::vector<Argument> sequence(Token end) {
    std::vector<Argument> items;
    if (take(end)) return items;
    for (;;) {
      const Token next = peek().token;
      if (next == Token::comma || next == end) {
        Argument empty;
        empty.kind = Argument::Kind::quoted;
        items.push_back(empty);
      } else {
        items.push_back(element());
      }
      if (take(end)) return items;
      if (!take(Token::comma)) fail("expected a comma or the end of the arguments");
    }
  }

  Argument element() {
    enter();
    Argument made;
    const char c = at(position_);
    if (c == '\'' || c == '"') {
      made.kind = Argument::Kind::quoted;
      ++position_;
      made.text = text_until(c);
    } else if (take(Token::bracket_open)) {
      made.kind = Argument::Kind::list;
      made.items = sequence(Token::bracket_close);
    } else if (take(Token::brace_open)) {
      made.kind = Argument::Kind::dict;
      dict(made);
    } else {
      made.parts = primitive(true);
    }
    --nesting_;
    return made;
  }

  void dict(Argument& made) {
    if (take(Token::brace_close)) return;
    for (;;) {
      Argument key;
      key.parts = primitive(false);
      if (!take(Token::colon)) fail("expected ':' after a key");
      made.pairs.emplace_back(std::move(key), element());
      if (take(Token::brace_close)) return;
      if (!take(Token::comma)) fail("expected a comma or '}'");
    }
  }

  /// Words, numbers and such that stand together; a dict's key has no colons or interpolations.
  std::vector<Argument::Part> primitive(bool all) {
    std::vector<Argument::Part> parts;
    for (;;) {
      if (all && starts("${")) {
        Argument::Part part;
        part.inter = interpolation();
        parts.push_back(part);
        continue;
      }
      const auto lexeme = peek();
      const bool fits = lexeme.token >= Token::real && lexeme.token <= Token::space;
      if (starts("${") || !(fits || (all && lexeme.token == Token::colon))) break;
      position_ += lexeme.text.size();
      parts.push_back({lexeme, nullptr});
    }
    if (parts.empty()) fail("unexpected");
    return parts;
  }

  const std::string& text_;
  size_t position_ = 0;
  int nesting_ = 0;
};

}  // namespace

Text parse_text(const std::string& text) { return Parser(text).whole_text(); }

Argument parse_single_element(const std::string& text) { return Parser(text).whole_element(); }

std::vector<std::string> split_key(const std::string& path) {
  std::vector<std::string> keys;
  size_t i = path.find('[');
  if (i == std::string::npos) i = path.size();
  size_t start = 0;
  for (size_t dot = path.find('.'); dot < i; dot = path.find('.', start)) {
    keys.push_back(path.substr(start, dot - start));
    start = dot + 1;
  }
  if (start < i || i == path.size()) keys.push_back(path.substr(start, i - start));
  while (i < path.size()) {
    const bool bracket = path[i] == '[';
    const size_t end =
        std::min(bracket ? path.find(']', i) : path.find_first_of(".[", i + 1), path.size());
    keys.push_back(path.substr(i + 1, end - i - 1));
    i = end + (bracket ? 1 : 0);
  }
  return keys;
}

}  // namespace manyfold::config
