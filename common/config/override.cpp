#include "common/config/override.h"

#include <cctype>
#include <cstdlib>
#include <cstring>

#include "common/config/interpolation.h"
#include "common/config/override_functions.h"
#include "common/config/token.h"
#include "common/error.h"

namespace manyfold::config {
namespace {

constexpr int kMaxNesting = 100;

class Parser {
 public:
  explicit Parser(const std::string& line) : line_(line) {}

  Override parse() {
    Override made;
    made.line = line_;
    made.kind = prefix();
    made.key = package_or_group();
    if (take('@')) made.package = package();
    if (position_ == line_.size() && made.kind == Override::Kind::remove) return made;
    if (!take('=')) fail(made.key.empty() ? "expected a key" : "expected '='");
    position_ += spaces(line_, position_);
    made.value = position_ == line_.size() ? Element(Value("")) : value();
    if (position_ < line_.size()) fail("unexpected");
    return made;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    const std::string rest = line_.substr(std::min(position_, line_.size()), 20);
    throw ConfigError("cannot parse override '" + line_ + "': " + what + " " +
                      (rest.empty() ? "at the end" : "at '" + rest + "'"));
  }

  bool take(char c) {
    if (position_ >= line_.size() || line_[position_] != c) return false;
    ++position_;
    return true;
  }

  Override::Kind prefix() {
    if (take('~')) return Override::Kind::remove;
    if (!take('+')) return Override::Kind::change;
    return take('+') ? Override::Kind::force_add : Override::Kind::add;
  }

  /// Length of a word in which $ may stand, which must not begin with a digit or '-'.
  size_t word_with_dollars(size_t position) const {
    size_t end = position;
    while (end < line_.size() &&
           (line_[end] == '$' || identifier(line_, end) > 0 ||
            (end > position &&
             (std::isdigit(static_cast<unsigned char>(line_[end])) || line_[end] == '-')))) {
      end += std::max<size_t>(1, identifier(line_, end));
    }
    return end - position;
  }

  /// Nothing, a word, or words and numbers with dots between.
  std::string package() {
    const auto part = [&](size_t position) {
      return std::max(word_with_dollars(position), unsigned_integer(line_, position));
    };
    size_t end = position_ + part(position_);
    size_t parts = end > position_ ? 1 : 0;
    while (parts && end < line_.size() && line_[end] == '.' && part(end + 1)) {
      end += 1 + part(end + 1);
      ++parts;
    }
    if (parts == 1 && word_with_dollars(position_) == 0) fail("a key is no number");
    const std::string text = line_.substr(position_, end - position_);
    position_ = end;
    return text;
  }

  std::string package_or_group() {
    std::string text = package();
    if (position_ >= line_.size() || line_[position_] != '/') return text;
    if (text.empty() || identifier(text, 0) != text.size())
      fail("a group's path is words with slashes between");
    while (take('/')) {
      const size_t length = identifier(line_, position_);
      if (!length) fail("expected a word after '/'");
      text += "/" + line_.substr(position_, length);
      position_ += length;
    }
    return text;
  }

  Lexeme peek() const {
    Lexeme best = value_token(line_, position_);
    const auto offer = [&](Token token, size_t length) {
      prefer_longer(best, {token, line_.substr(position_, length), position_});
    };
    const size_t blanks = spaces(line_, position_);
    const char next = position_ + blanks < line_.size() ? line_[position_ + blanks] : '\0';
    if (next == '(' || next == '=') {
      const size_t after = spaces(line_, position_ + blanks + 1);
      offer(next == '(' ? Token::paren_open : Token::equal, blanks + 1 + after);
    }
    if (next == ')') offer(Token::paren_close, blanks + 1);
    offer(Token::quoted, quoted_length());
    if (line_.compare(position_, 2, "${") == 0) {
      const size_t end = line_.find('}', position_);
      if (end != std::string::npos && end > position_ + 2) {
        offer(Token::interpolation, end + 1 - position_);
      }
    }
    return best;
  }

  size_t quoted_length() const {
    const char quote = position_ < line_.size() ? line_[position_] : '\0';
    if (quote != '\'' && quote != '"') return 0;
    size_t backslashes = 0;
    for (size_t i = position_ + 1; i < line_.size(); ++i) {
      if (line_[i] == quote && backslashes % 2 == 0) return i + 1 - position_;
      backslashes = line_[i] == '\\' ? backslashes + 1 : 0;
    }
    return 0;
  }

  bool take(Token token) {
    const auto lexeme = peek();
    if (lexeme.token != token) return false;
    position_ += lexeme.text.size();
    return true;
  }

  Element value() {
    Element first = element();
    if (position_ == line_.size()) return first;
    auto sweep = std::make_shared<Sweep>();
    sweep->simple = true;
    sweep->choices.push_back(std::move(first));
    while (take(Token::comma)) sweep->choices.push_back(element());
    if (sweep->choices.size() == 1) fail("unexpected");
    return sweep_element(std::move(sweep));
  }

  Element element() {
    if (++nesting_ > kMaxNesting) fail("nested too deep");
    const auto lexeme = peek();
    Element made;
    if (lexeme.token == Token::bracket_open) {
      position_ += lexeme.text.size();
      made = list();
    } else if (lexeme.token == Token::brace_open) {
      position_ += lexeme.text.size();
      made = dict();
    } else if (lexeme.token == Token::id &&
               line_[position_ + lexeme.text.size() +
                     spaces(line_, position_ + lexeme.text.size())] == '(') {
      made = function(lexeme);
    } else if (lexeme.token == Token::quoted) {
      position_ += lexeme.text.size();
      made.scalar = unquoted(lexeme.text);
      made.quote = lexeme.text[0];
    } else {
      made = primitive(true);
    }
    --nesting_;
    return made;
  }

  Element list() {
    Element made;
    made.kind = Element::Kind::list;
    if (take(Token::bracket_close)) return made;
    do {
      made.items.push_back(element());
    } while (take(Token::comma));
    if (!take(Token::bracket_close)) fail("expected ',' or ']'");
    return made;
  }

  Element dict() {
    Element made;
    made.kind = Element::Kind::dict;
    if (take(Token::brace_close)) return made;
    do {
      Element key = primitive(false);
      if (!take(Token::colon)) fail("expected ':' after a key");
      made.pairs.emplace_back(std::move(key), element());
    } while (take(Token::comma));
    if (!take(Token::brace_close)) fail("expected ',' or '}'");
    return made;
  }

  Element function(const Lexeme& name) {
    const size_t start = position_;
    position_ += name.text.size();
    take(Token::paren_open);
    Call call;
    call.name = name.text;
    if (!take(Token::paren_close)) {
      do {
        argument(call);
      } while (take(Token::comma));
      if (!take(Token::paren_close)) fail("expected ',' or ')'");
    }
    try {
      return call_function(call);
    } catch (const ConfigError& error) {
      throw ConfigError("cannot parse override '" + line_ + "': in '" +
                        line_.substr(start, position_ - start) + "': " + error.what());
    }
  }

  void argument(Call& call) {
    const auto lexeme = peek();
    const size_t after = position_ + lexeme.text.size();
    const size_t equal = after + spaces(line_, after);
    if (lexeme.token == Token::id && equal < line_.size() && line_[equal] == '=') {
      position_ = after;
      take(Token::equal);
      call.named.emplace_back(lexeme.text, element());
    } else {
      if (!call.named.empty()) fail("a positional argument after a named one");
      call.arguments.push_back(element());
    }
  }

  /// Words, numbers and such that stand together. A dict's key has no colons or interpolations.
  Element primitive(bool all) {
    std::vector<Lexeme> lexemes;
    for (;;) {
      const auto lexeme = peek();
      const bool fits =
          (lexeme.token >= Token::real && lexeme.token <= Token::space) ||
          (all && (lexeme.token == Token::colon || lexeme.token == Token::interpolation));
      if (!fits) break;
      lexemes.push_back(lexeme);
      position_ += lexeme.text.size();
    }
    if (lexemes.empty()) fail("expected a value");
    if (lexemes.front().token == Token::space) lexemes.erase(lexemes.begin());
    if (!lexemes.empty() && lexemes.back().token == Token::space) lexemes.pop_back();
    if (lexemes.empty()) fail("a value of nothing but blanks");
    if (lexemes.size() == 1) return single(lexemes[0]);
    std::string text;
    for (const auto& lexeme : lexemes) {
      text += lexeme.token == Token::escape ? unescape(lexeme.text) : lexeme.text;
    }
    return Value(text);
  }

  static Element single(const Lexeme& lexeme) {
    switch (lexeme.token) {
      case Token::null:
        return Value();
      case Token::boolean:
        return Value(lexeme.text.size() == 4);
      case Token::integer:
        return Value(python_int(lexeme.text));
      case Token::real:
        return Value(std::strtod(without_underscores(lexeme.text).c_str(), nullptr));
      case Token::escape:
        return Value(unescape(lexeme.text));
      default:
        return Value(lexeme.text);
    }
  }

  /// Drops the quotes; backslashes count only before a quote, where each pair is one.
  static std::string unquoted(const std::string& quoted) {
    std::string text;
    const char quote = quoted[0];
    for (size_t i = 1; i + 1 < quoted.size();) {
      size_t end = i;
      while (quoted[end] == '\\') ++end;
      if (end == i) {
        text += quoted[i++];
        continue;
      }
      const size_t count = end - i;
      const bool before_quote = quoted[end] == quote;
      text += std::string(before_quote ? count / 2 : count, '\\');
      if (before_quote && count % 2) text += quoted[end++];
      i = end;
    }
    return text;
  }

  const std::string& line_;
  size_t position_ = 0;
  int nesting_ = 0;
};

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (std::strchr("\\()[]{}:=, \t", c)) out += '\\';
    out += c;
  }
  return out;
}

/// With quotes, so that it parses as the text again: of backslashes only those before a quote or at
/// the end are doubled.
std::string quoted(const std::string& text, char quote) {
  std::string out(1, quote);
  size_t backslashes = 0;
  for (const char c : text + quote) {
    if (c == quote) out.append(backslashes, '\\');
    backslashes = c == '\\' ? backslashes + 1 : 0;
    if (c == quote) out += '\\';
    out += c;
  }
  out.erase(out.size() - 2, 1);  // the closing quote is not escaped
  return out;
}

}  // namespace

bool Override::is_hydra() const {
  return key.rfind("hydra.", 0) == 0 || key.rfind("hydra/", 0) == 0;
}

std::string Override::key_text() const {
  static const char* const prefixes[] = {"", "+", "++", "~"};
  return prefixes[static_cast<int>(kind)] + key + (package ? "@" + *package : "");
}

Origin Override::origin() const {
  return {std::make_shared<const std::string>("command line override " + std::to_string(number) +
                                              " (" + line + ")"),
          0};
}

Value Override::config_value() const {
  Value made = value ? to_value(*value) : Value();
  set_origin(made, origin());
  return made;
}

Override parse_override(const std::string& line, int number) {
  Override made = Parser(line).parse();
  made.number = number;
  return made;
}

Value to_value(const Element& element) {
  switch (element.kind) {
    case Element::Kind::scalar:
      if (element.scalar.is_interpolation()) check_interpolation(element.scalar.string());
      return element.scalar;
    case Element::Kind::list: {
      List list;
      for (const auto& item : element.items) list.push_back(to_value(item));
      return list;
    }
    case Element::Kind::dict: {
      Map map;
      for (const auto& [key, item] : element.pairs) {
        const Value name = to_value(key);
        if (name.is_null()) throw ConfigError("a key cannot be null");
        Key::Any any = std::string();
        if (name.is_string()) any = name.string();
        if (name.is_bool()) any = name.boolean();
        if (name.is_int()) any = name.integer();
        if (name.is_double()) any = name.real();
        map.set(Key(any), to_value(item));
      }
      return map;
    }
    case Element::Kind::sweep:
      break;
  }
  throw ConfigError("a sweep is no value");
}

std::string to_override_text(const Element& element) {
  std::string text;
  switch (element.kind) {
    case Element::Kind::scalar:
      if (element.scalar.is_null()) return "null";
      if (!element.scalar.is_string()) return element.scalar.text();
      return element.quote ? quoted(element.scalar.string(), element.quote)
                           : escaped(element.scalar.string());
    case Element::Kind::list:
      for (const auto& item : element.items) {
        text += (text.empty() ? "" : ",") + to_override_text(item);
      }
      return "[" + text + "]";
    case Element::Kind::dict:
      for (const auto& [key, item] : element.pairs) {
        text += (text.empty() ? "" : ",") + to_override_text(key) + ":" + to_override_text(item);
      }
      return "{" + text + "}";
    case Element::Kind::sweep:
      break;
  }
  throw ConfigError("a sweep cannot be written as a value");
}

}  // namespace manyfold::config
