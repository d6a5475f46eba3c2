#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/error.h"

namespace manyfold::config {

/// A YAML document as written: tags are settled, aliases are shared nodes, and nothing is converted
/// yet.
struct YamlNode {
  enum class Kind { scalar, sequence, mapping };
  using Ptr = std::shared_ptr<YamlNode>;

  Kind kind = Kind::scalar;
  std::string tag;   // "str", "int", "map"...; in full when it is not one of YAML's own
  std::string text;  // of a scalar
  std::vector<Ptr> items;
  std::vector<std::pair<Ptr, Ptr>> pairs;
  int line = 0;
  bool open = false;  // its end has not been read yet
};

/// The one document of `text`; nullptr when it is empty. Throws ConfigError with "source:line: ".
YamlNode::Ptr compose_yaml(const std::string& text, const std::string& source);

/// "source:line: what".
ConfigError yaml_error(const std::string& source, int line, const std::string& what);

/// How deep a config may nest.
constexpr int kMaxDepth = 128;

}  // namespace manyfold::config
