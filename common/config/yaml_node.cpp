#include "common/config/yaml_node.h"

#include <yaml.h>

#include <algorithm>
#include <map>

#include "common/config/yaml_scalar.h"

namespace manyfold::config {
namespace {

const std::string kYamlTag = "tag:yaml.org,2002:";

/// A stretch of the text, in code points, where tabs are content.
struct Stretch {
  size_t begin, end;
};

/// Counts the flow collections ([] and {}) round the current event.
struct InFlow {
  InFlow(int& depth, bool flow) : depth_(depth), by_(flow ? 1 : 0) { depth_ += by_; }
  ~InFlow() { depth_ -= by_; }
  InFlow(const InFlow&) = delete;
  InFlow& operator=(const InFlow&) = delete;

 private:
  int& depth_;
  const int by_;
};

class Composer {
 public:
  Composer(const std::string& text, const std::string& source) : text_(text), source_(source) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  ~Composer() {
    yaml_event_delete(&event_);
    yaml_parser_delete(&parser_);
  }
  Composer(const Composer&) = delete;
  Composer& operator=(const Composer&) = delete;

  YamlNode::Ptr document() {
    next();  // the stream's start
    next();
    YamlNode::Ptr root;
    if (event_.type != YAML_STREAM_END_EVENT) {
      next();
      root = node(0);
      next();  // the document's end
      next();
      if (event_.type != YAML_STREAM_END_EVENT) fail("a second document; a config is one");
    }
    refuse_tabs();
    return root;
  }

 private:
  int line() const { return static_cast<int>(event_.start_mark.line) + 1; }
  [[noreturn]] void fail(const std::string& what) const { throw yaml_error(source_, line(), what); }

  void next() {
    yaml_event_delete(&event_);
    if (yaml_parser_parse(&parser_, &event_)) return;
    std::string what = parser_.problem ? parser_.problem : "cannot be parsed";
    int at = static_cast<int>(parser_.problem_mark.line) + 1;
    if (parser_.error == YAML_READER_ERROR) {
      what += " (not UTF-8 text?)";
      const auto end = text_.begin() +
                       static_cast<std::ptrdiff_t>(std::min(parser_.problem_offset, text_.size()));
      at = 1 + static_cast<int>(std::count(text_.begin(), end, '\n'));
    }
    if (parser_.context) what += std::string(", ") + parser_.context;
    throw yaml_error(source_, at, what);
  }

  /// The node that the current event starts; leaves its last event current.
  YamlNode::Ptr node(int depth) {
    if (depth > kMaxDepth) fail("nested deeper than " + std::to_string(kMaxDepth) + " levels");
    if (event_.type == YAML_ALIAS_EVENT) return alias();
    auto made = std::make_shared<YamlNode>();
    made->line = line();
    made->open = true;
    if (event_.type == YAML_SCALAR_EVENT) {
      scalar(made);
    } else if (event_.type == YAML_SEQUENCE_START_EVENT) {
      made->kind = YamlNode::Kind::sequence;
      made->tag = tag(event_.data.sequence_start.tag, "seq");
      remember(event_.data.sequence_start.anchor, made);
      const InFlow flow(flow_, event_.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE);
      for (next(); event_.type != YAML_SEQUENCE_END_EVENT; next()) {
        made->items.push_back(node(depth + 1));
      }
    } else {
      made->kind = YamlNode::Kind::mapping;
      made->tag = tag(event_.data.mapping_start.tag, "map");
      remember(event_.data.mapping_start.anchor, made);
      const InFlow flow(flow_, event_.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE);
      for (next(); event_.type != YAML_MAPPING_END_EVENT; next()) {
        auto key = node(depth + 1);
        next();
        made->pairs.emplace_back(std::move(key), node(depth + 1));
      }
    }
    made->open = false;
    return made;
  }

  YamlNode::Ptr alias() const {
    const std::string name = reinterpret_cast<const char*>(event_.data.alias.anchor);
    const auto found = anchors_.find(name);
    if (found == anchors_.end()) fail("alias *" + name + " has no anchor &" + name + " before it");
    if (found->second->open) fail("alias *" + name + " stands inside its own anchor");
    return found->second;
  }

  void scalar(const YamlNode::Ptr& made) {
    const auto& data = event_.data.scalar;
    made->text.assign(reinterpret_cast<const char*>(data.value), data.length);
    const bool plain = data.style == YAML_PLAIN_SCALAR_STYLE;
    made->tag = tag(data.tag, plain && data.plain_implicit ? plain_tag(made->text) : "str");
    // PyYAML ends a word there, as YAML 1.1 has it.
    if (plain && flow_ > 0 && made->text.find('?') != std::string::npos) {
      fail("'?' in '" + made->text + "', which stands in brackets; quote it");
    }
    if (!plain) tabs_allowed_.push_back({event_.start_mark.index, event_.end_mark.index});
    remember(data.anchor, made);
  }

  static std::string tag(const yaml_char_t* given, const std::string& otherwise) {
    const std::string name = given ? reinterpret_cast<const char*>(given) : "!";
    if (name == "!") return otherwise;
    return name.rfind(kYamlTag, 0) == 0 ? name.substr(kYamlTag.size()) : name;
  }

  void remember(const yaml_char_t* anchor, const YamlNode::Ptr& made) {
    if (!anchor) return;
    const std::string name = reinterpret_cast<const char*>(anchor);
    if (!anchors_.emplace(name, made).second) {
      fail("anchor &" + name + " stands twice, first on line " +
           std::to_string(anchors_.at(name)->line));
    }
  }

  /// LibYAML takes a tab for a space between tokens; YAML 1.1 as PyYAML reads it does not.
  void refuse_tabs() const {
    size_t index = 0, stretch = 0;
    int at = 1;
    bool comment = false;
    char before = '\n';
    for (const char c : text_) {
      if ((c & 0xC0) == 0x80) continue;  // inside a code point
      while (stretch < tabs_allowed_.size() && tabs_allowed_[stretch].end <= index) ++stretch;
      const bool inside = stretch < tabs_allowed_.size() && tabs_allowed_[stretch].begin <= index;
      if (c == '\n') {
        ++at;
        comment = false;
      } else if (!inside && c == '#' && (before == ' ' || before == '\n' || before == '\r')) {
        comment = true;
      } else if (!inside && !comment && c == '\t') {
        throw yaml_error(source_, at, "a tab; YAML is indented and spaced with spaces");
      }
      before = c;
      ++index;
    }
  }

  const std::string& text_;
  const std::string& source_;
  yaml_parser_t parser_{};
  yaml_event_t event_{};
  std::map<std::string, YamlNode::Ptr> anchors_;
  std::vector<Stretch> tabs_allowed_;
  int flow_ = 0;
};

}  // namespace

YamlNode::Ptr compose_yaml(const std::string& text, const std::string& source) {
  return Composer(text, source).document();
}

ConfigError yaml_error(const std::string& source, int line, const std::string& what) {
  return ConfigError(source + ":" + std::to_string(line) + ": " + what);
}

}  // namespace manyfold::config
