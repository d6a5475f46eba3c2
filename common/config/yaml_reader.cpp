#include "common/config/yaml_reader.h"

#include <set>
#include <stdexcept>

#include "common/atomic_file.h"
#include "common/config/interpolation.h"
#include "common/config/yaml_node.h"
#include "common/config/yaml_scalar.h"

namespace manyfold::config {
namespace {

constexpr int kMaxValues = 200'000;

using Pairs = std::vector<std::pair<YamlNode::Ptr, YamlNode::Ptr>>;

/// Turns the composed document into values.
class Constructor {
 public:
  explicit Constructor(const std::string& source)
      : name_(source), source_(std::make_shared<const std::string>(source)) {}

  Value value(const YamlNode& node, int depth = 0) {
    if (depth > kMaxDepth) {
      fail(node, "nested deeper than " + std::to_string(kMaxDepth) + " levels");
    }
    if (++values_ > kMaxValues) {
      fail(node,
           "more than " + std::to_string(kMaxValues) + " values; do aliases expand that far?");
    }
    Value made;
    switch (node.kind) {
      case YamlNode::Kind::scalar:
        made = scalar(node);
        break;
      case YamlNode::Kind::sequence:
        made = sequence(node, depth);
        break;
      case YamlNode::Kind::mapping:
        made = mapping(node, depth);
        break;
    }
    made.origin = {source_, node.line};
    return made;
  }

 private:
  [[noreturn]] void fail(const YamlNode& node, const std::string& what) const {
    throw yaml_error(name_, node.line, what);
  }

  Value scalar(const YamlNode& node) const {
    const std::string& text = node.text;
    try {
      if (node.tag == "str") return string(node);
      if (node.tag == "null") return nullptr;
      if (node.tag == "bool") return boolean(node);
      if (node.tag == "int") return yaml_int(text);
      if (node.tag == "float") return yaml_float(text);
    } catch (const std::out_of_range&) {
      fail(node, text + " does not fit into 64 bits");
    } catch (const std::invalid_argument&) {
      fail(node, "'" + text + "' is not " + (node.tag == "int" ? "an int" : "a float"));
    }
    if (node.tag == "value" || node.tag == "merge") {
      fail(node, "'" + text + "' is special in YAML; quote it to mean the string");
    }
    fail(node, "tag " + node.tag + " is not supported");
  }

  Value string(const YamlNode& node) const {
    if (node.text.find("${") != std::string::npos) {
      try {
        check_interpolation(node.text);
      } catch (const ConfigError& error) {
        fail(node, error.what());
      }
    }
    return node.text;
  }

  bool boolean(const YamlNode& node) const {
    std::string word = node.text;
    for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    for (const char* yes : {"yes", "true", "on"}) {
      if (word == yes) return true;
    }
    for (const char* no : {"no", "false", "off"}) {
      if (word == no) return false;
    }
    fail(node, "'" + node.text + "' is not a bool");
  }

  Value sequence(const YamlNode& node, int depth) {
    if (node.tag != "seq") fail(node, "tag " + node.tag + " is not supported");
    List list;
    for (const auto& item : node.items) list.push_back(value(*item, depth + 1));
    return list;
  }

  Value mapping(const YamlNode& node, int depth) {
    if (node.tag != "map") fail(node, "tag " + node.tag + " is not supported");
    std::set<std::string> words;
    for (const auto& [key, ignored] : node.pairs) {
      if (key->tag == "str" && !words.insert(key->text).second) {
        fail(*key, "duplicate key '" + key->text + "'");
      }
    }
    Map map;
    for (const auto& [key, item] : flattened(node, depth)) {
      map.set(this->key(*key), value(*item, depth + 1));
    }
    return map;
  }

  Key key(const YamlNode& node) const {
    if (node.kind != YamlNode::Kind::scalar) fail(node, "a key must be a single word or number");
    // A key is a word whatever it holds; "${" means something in values only.
    if (node.tag == "value" || node.tag == "str") return node.text;
    const Value made = scalar(node);
    if (made.is_null()) fail(node, "a key cannot be null");
    if (made.is_bool()) return Key(Key::Any(made.boolean()));
    if (made.is_int()) return Key(Key::Any(made.integer()));
    if (made.is_double()) return Key(Key::Any(made.real()));
    return made.string();
  }

  /// The pairs with every `<<` replaced by what it merges in, which comes first.
  Pairs flattened(const YamlNode& node, int depth) {
    if (depth > kMaxDepth) fail(node, "merge keys nested too deep");
    Pairs merged, own;
    for (const auto& pair : node.pairs) {
      if (pair.first->tag != "merge") {
        own.push_back(pair);
        continue;
      }
      const YamlNode& what = *pair.second;
      if (what.kind == YamlNode::Kind::mapping) {
        append(merged, flattened(what, depth + 1));
      } else if (what.kind == YamlNode::Kind::sequence) {
        // The first of a list wins, so it comes last.
        for (auto item = what.items.rbegin(); item != what.items.rend(); ++item) {
          if ((*item)->kind != YamlNode::Kind::mapping) fail(**item, "<< merges mappings only");
          append(merged, flattened(**item, depth + 1));
        }
      } else {
        fail(what, "<< merges a mapping or a list of mappings");
      }
    }
    merged.insert(merged.end(), own.begin(), own.end());
    return merged;
  }

  void append(Pairs& pairs, const Pairs& more) {
    values_ += static_cast<int>(more.size());
    if (values_ > kMaxValues) throw ConfigError(name_ + ": merge keys expand without end");
    pairs.insert(pairs.end(), more.begin(), more.end());
  }

  const std::string name_;
  const std::shared_ptr<const std::string> source_;
  int values_ = 0;
};

/// What a string becomes that is all of a document: OmegaConf reads it once more.
Value document_of_string(const std::string& text, const std::string& source) {
  const auto again = compose_yaml(text, source);
  if (!again) return Map();
  if (again->kind == YamlNode::Kind::scalar && again->tag == "str") {
    Map map;
    map.set(again->text, nullptr);
    return map;
  }
  return Constructor(source).value(*again);
}

}  // namespace

Value parse_yaml(const std::string& text, const std::string& source) {
  const auto root = compose_yaml(text, source);
  if (root && root->kind == YamlNode::Kind::scalar && root->tag == "str") {
    return document_of_string(root->text, source);
  }
  Value value = root ? Constructor(source).value(*root) : Value(Map());
  if (value.is_null()) return Map();
  if (!value.is_container()) {
    throw yaml_error(source, root->line,
                     "a config is a mapping or a list, this is " + value.kind());
  }
  return value;
}

Value load_yaml(const std::filesystem::path& file) {
  std::string text;
  try {
    text = read_file(file);
  } catch (const UserError& error) {
    throw ConfigError(error.what());
  }
  return parse_yaml(text, file.string());
}

}  // namespace manyfold::config
