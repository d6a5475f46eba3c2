#include "common/config/yaml_writer.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "common/config/scalar_text.h"
#include "common/config/yaml_scalar.h"

namespace manyfold::config {
namespace {

constexpr int kWidth = 80;
constexpr int kIndent = 2;
constexpr size_t kLongestSimpleKey = 128;  // with its tag

/// The words that YAML 1.1 names for bool; PyYAML reads y and n as strings, OmegaConf quotes them.
bool is_yaml_bool(const std::string& text) {
  static const std::vector<std::string> words = {
      "y",    "Y",    "yes",   "Yes",   "YES",   "n",  "N",  "no", "No",  "NO",  "true",
      "True", "TRUE", "false", "False", "FALSE", "on", "On", "ON", "off", "Off", "OFF"};
  return std::find(words.begin(), words.end(), text) != words.end();
}

std::string float_text(double value) {
  if (std::isnan(value)) return ".nan";
  if (std::isinf(value)) return value < 0 ? "-.inf" : ".inf";
  std::string text = python_float(value);
  if (text.find('.') == std::string::npos) text.insert(text.find('e'), ".0");
  return text;
}

enum class Style { plain, single_quoted, double_quoted };

struct Scalar {
  std::u32string text;
  size_t tag_length = 0;  // of "!!str" and the like, which counts for a key
  bool force_quotes = false;
  bool plain_is_same = true;  // read back plain it is the same value
};

Scalar scalar_of(const Value& value) {
  if (value.is_null()) return {U"null", 6};
  if (value.is_bool()) return {value.boolean() ? U"true" : U"false", 6};
  if (value.is_int()) return {decode_utf8(std::to_string(value.integer())), 5};
  if (value.is_double()) return {decode_utf8(float_text(value.real())), 7};
  const std::string& text = value.string();
  return {decode_utf8(text), 5, is_yaml_bool(text) || python_number(text),
          plain_is_string_for_writer(text)};
}

/// PyYAML's emitter, as far as block style needs it.
class Writer {
 public:
  std::string document(const Value& value) {
    node(value, false, -1);
    indent(0);
    return encode_utf8(out_);
  }

 private:
  void put(const std::u32string& text) {
    out_ += text;
    column_ += static_cast<int>(text.size());
  }

  void line_break(char32_t c = '\n') {
    out_ += c;
    column_ = 0;
    whitespace_ = indention_ = true;
  }

  void indent(int level) {
    if (!indention_ || column_ > level || (column_ == level && !whitespace_)) line_break();
    if (column_ < level) {
      whitespace_ = true;
      put(std::u32string(static_cast<size_t>(level - column_), ' '));
    }
  }

  void indicator(const std::u32string& text, bool needs_space, bool whitespace = false,
                 bool indention = false) {
    if (needs_space && !whitespace_) put(U" ");
    put(text);
    whitespace_ = whitespace;
    indention_ = indention_ && indention;
  }

  /// `level`: the indentation around the node, -1 around the root.
  void node(const Value& value, bool in_mapping, int level) {
    if (value.is_map() && !value.map().empty()) {
      mapping(value.map(), level < 0 ? 0 : level + kIndent);
    } else if (value.is_list() && !value.list().empty()) {
      const bool same_level = in_mapping && !indention_;
      const int inner = level < 0 ? 0 : same_level ? level : level + kIndent;
      for (const auto& item : value.list()) {
        indent(inner);
        indicator(U"-", true, false, true);
        node(item, false, inner);
      }
    } else if (value.is_container()) {
      indicator(value.is_map() ? U"{" : U"[", true, true);
      indicator(value.is_map() ? U"}" : U"]", false);
    } else {
      scalar(scalar_of(value), false, level < 0 ? kIndent : level + kIndent);
    }
  }

  void mapping(const Map& map, int level) {
    for (const auto& [key, value] : map) {
      indent(level);
      const Scalar name =
          scalar_of(std::visit([](const auto& any) { return Value(any); }, key.any()));
      const auto analysis = analyze_scalar(name.text);
      const bool simple = name.tag_length + name.text.size() < kLongestSimpleKey &&
                          !analysis.empty && !analysis.multiline;
      if (simple) {
        scalar(name, true, level + kIndent);
        indicator(U":", false);
      } else {
        indicator(U"?", true, false, true);
        scalar(name, false, level + kIndent);
        indent(level);
        indicator(U":", true, false, true);
      }
      node(value, true, level);
    }
  }

  static Style style_of(const Scalar& scalar, bool simple_key) {
    const auto analysis = analyze_scalar(scalar.text);
    const bool broken_key = simple_key && analysis.multiline;
    if (!scalar.force_quotes && scalar.plain_is_same && analysis.plain &&
        !(simple_key && analysis.empty) && !broken_key) {
      return Style::plain;
    }
    return analysis.single_quoted && !broken_key ? Style::single_quoted : Style::double_quoted;
  }

  void scalar(const Scalar& scalar, bool simple_key, int level) {
    switch (style_of(scalar, simple_key)) {
      case Style::plain:
        return plain(scalar.text, !simple_key, level);
      case Style::single_quoted:
        return single_quoted(scalar.text, !simple_key, level);
      case Style::double_quoted:
        return double_quoted(scalar.text, !simple_key, level);
    }
  }

  /// A run of spaces; a single one past the width becomes a fold.
  void write_spaces(size_t count, bool may_fold, int level) {
    if (count == 1 && column_ > kWidth && may_fold) {
      indent(level);
      whitespace_ = indention_ = false;
    } else {
      put(std::u32string(count, ' '));
    }
  }

  void plain(const std::u32string& text, bool split, int level) {
    if (text.empty()) return;
    if (!whitespace_) put(U" ");
    whitespace_ = indention_ = false;
    for (size_t i = 0; i < text.size();) {
      const size_t start = i;
      const bool blank = text[i] == ' ';
      while (i < text.size() && (text[i] == ' ') == blank) ++i;
      if (blank) {
        write_spaces(i - start, split, level);
      } else {
        put(text.substr(start, i - start));
      }
    }
  }

  void single_quoted(const std::u32string& text, bool split, int level) {
    indicator(U"'", true);
    for (size_t i = 0; i < text.size();) {
      const size_t start = i;
      if (text[i] == ' ') {
        while (i < text.size() && text[i] == ' ') ++i;
        // Not at either end, where the fold would be lost.
        write_spaces(i - start, split && start != 0 && i != text.size(), level);
      } else if (is_break(text[i])) {
        while (i < text.size() && is_break(text[i])) ++i;
        if (text[start] == '\n') line_break();
        for (size_t k = start; k < i; ++k) line_break(text[k]);
        indent(level);
      } else {
        put(text[i] == '\'' ? U"''" : std::u32string(1, text[i]));
        ++i;
      }
    }
    indicator(U"'", false);
  }

  void double_quoted(const std::u32string& text, bool split, int level) {
    indicator(U"\"", true);
    size_t start = 0;  // of what is not written yet
    for (size_t end = 0; end <= text.size(); ++end) {
      const bool at_end = end == text.size();
      const std::u32string escape = at_end ? U"" : double_quoted_escape(text[end]);
      if (at_end || !escape.empty()) {
        put(text.substr(start, end - start));
        put(escape);
        start = at_end ? end : end + 1;
      }
      const bool inside = end > 0 && end + 1 < text.size();
      if (!inside || !split || !(text[end] == ' ' || start >= end)) continue;
      if (column_ + static_cast<int>(end) - static_cast<int>(start) <= kWidth) continue;
      if (start < end) {
        put(text.substr(start, end - start));
        start = end;
      }
      put(U"\\");
      indent(level);
      whitespace_ = indention_ = false;
      if (text[start] == ' ') put(U"\\");
    }
    indicator(U"\"", false);
  }

  std::u32string out_;
  int column_ = 0;
  bool whitespace_ = true;
  bool indention_ = true;
};

}  // namespace

std::string to_yaml(const Value& value) { return Writer().document(value); }

}  // namespace manyfold::config
