#include "common/config/resolve.h"

#include <cstdlib>
#include <ctime>
#include <iostream>

#include "common/config/yaml_reader.h"

namespace manyfold::config {
namespace {

constexpr int kMaxSteps = 200;         // of one interpolation leading to the next
constexpr int kMaxContents = 200'000;  // values in the resolved config

}  // namespace

/// A value in its place. `final`: its strings are what resolvers returned, not interpolations.
struct Resolver::Node {
  Node* parent = nullptr;
  std::string name;  // of this in its parent
  const Value* value = nullptr;
  bool final = false;
  std::vector<std::pair<Key, Node*>> children;

  bool is_interpolation() const { return !final && value->is_interpolation(); }
  Node* child(const Key& key) const {
    for (const auto& [name, node] : children) {
      if (name == key) return node;
    }
    return nullptr;
  }
  std::string path() const {
    if (!parent) return "";
    const std::string above = parent->path();
    if (parent->value->is_list()) return above + "[" + name + "]";
    return above.empty() ? name : above + "." + name;
  }
};

/// An argument of a resolver: a plain value, or a node when an interpolation gave a container.
struct Resolver::Operand {
  Value value;
  Node* node = nullptr;
};

Resolver::Resolver(const Value& root, const Value* job)
    : job_(job), root_(grow(root, nullptr, false)) {}
Resolver::~Resolver() = default;

Resolver::Node* Resolver::grow(const Value& value, Node* parent, bool final) {
  nodes_.push_back(std::make_unique<Node>());
  Node* node = nodes_.back().get();
  node->parent = parent;
  node->value = &value;
  node->final = final;
  const auto add = [&](const Key& key, const Value& child) {
    Node* grown = grow(child, node, final);
    grown->name = key.text();
    node->children.emplace_back(key, grown);
  };
  if (value.is_map()) {
    for (const auto& [key, child] : value.map()) add(key, child);
  } else if (value.is_list()) {
    for (size_t i = 0; i < value.list().size(); ++i) add(std::to_string(i), value.list()[i]);
  }
  return node;
}

Resolver::Node* Resolver::keep(Value value, Node* parent, bool final) {
  made_.push_back(std::move(value));
  return grow(made_.back(), parent, final);
}

Resolver::Node* Resolver::dereference(Node* node, Memo& memo) {
  if (!node->is_interpolation()) return node;
  if (++depth_ > kMaxSteps) throw ResolveError("interpolations lead on without end");
  struct Leave {
    int& depth;
    ~Leave() { --depth; }
  } leave{depth_};
  const Text text = parse_text(node->value->string());
  if (text.size() == 1 && text[0].inter) return evaluate(*text[0].inter, node->parent, node, memo);
  return keep(joined(text, node->parent, node, memo), node->parent, true);
}

std::string Resolver::joined(const Text& text, Node* container, Node* node, Memo& memo) {
  std::string words;
  for (const auto& piece : text) {
    words +=
        piece.inter ? evaluate(*piece.inter, container, node, memo)->value->text() : piece.words;
  }
  return words;
}

Resolver::Node* Resolver::evaluate(const Interpolation& inter, Node* container, Node* node,
                                   Memo& memo) {
  std::string name;
  for (const auto& piece : inter.name) {
    if (!piece.inter) {
      name += piece.words;
      continue;
    }
    const Node* key = evaluate(*piece.inter, container, node, memo);
    if (!key->value->is_string()) {
      throw ResolveError("an interpolation inside a path gave " + key->value->kind() +
                         ", it must give a string");
    }
    name += key->value->string();
  }
  if (!inter.is_resolver) return follow_path(name, container, memo);
  std::vector<Operand> arguments;
  for (const auto& argument : inter.arguments) {
    arguments.push_back(operand(argument, container, node, memo));
  }
  return call(name, arguments, container, node);
}

Resolver::Node* Resolver::follow_path(const std::string& path, Node* container, Memo& memo) {
  Node* start = root_;
  std::string key = path;
  if (path[0] == '.') {
    start = container;
    key = path.substr(1);
    while (start && !key.empty() && key[0] == '.') {
      start = start->parent;
      key = key.substr(1);
    }
    if (!start) throw ResolveError("the path '" + path + "' leads above the root");
  }
  Node* found = select_from(start, key, true, memo);
  if (!found) throw ResolveError("interpolation key '" + path + "' not found");
  for (const Node* above = container; above; above = above->parent) {
    if (above == found) throw ResolveError("interpolation '" + path + "' leads to its own parent");
  }
  return found;
}

Resolver::Node* Resolver::select_from(Node* start, const std::string& path, bool missing_is_error,
                                      Memo& memo) {
  if (path.empty()) return start;
  const auto keys = split_key(path);
  Node* node = start;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (node->value->is_null()) return nullptr;
    if (!node->value->is_container()) {
      throw NotContainerError("'" + path + "': there is nothing in " + node->value->kind() +
                              " that could be called '" + keys[i] + "'");
    }
    if (node->value->is_list() && keys[i].find_first_not_of("0123456789") != std::string::npos) {
      throw ResolveError("'" + path + "': a list has no '" + keys[i] + "', only numbers");
    }
    Node* child = node->child(keys[i]);
    if (!child) return nullptr;
    if (child->value->is_missing() && !child->final) {
      if (missing_is_error) {
        throw ResolveError("'" + path + "' leads to a value that is missing" +
                           (path.front() == '.' ? "" : "; give it: " + path + "=VALUE"));
      }
      return i + 1 == keys.size() ? child : nullptr;
    }
    const bool last = i + 1 == keys.size();
    if (last && !memo.insert(child).second) throw ResolveError("recursive interpolation");
    node = dereference(child, memo);
    if (last) memo.erase(child);
  }
  return node;
}

/// As `oc.select` and its kin look up a path; nullptr when there is nothing.
Resolver::Node* Resolver::select_for_resolver(const std::string& path, Node* container) {
  Memo memo;
  Node* start = root_;
  std::string key = path;
  if (!path.empty() && path[0] == '.') {
    start = container;
    key = path.substr(1);
    while (start && !key.empty() && key[0] == '.') {
      start = start->parent;
      key = key.substr(1);
    }
    if (!start) throw ResolveError("the path '" + path + "' leads above the root");
  }
  try {
    return select_from(start, key, false, memo);
  } catch (const NotContainerError&) {
    return nullptr;
  }
}

Resolver::Operand Resolver::operand(const Argument& argument, Node* container, Node* node,
                                    Memo& memo) {
  switch (argument.kind) {
    case Argument::Kind::quoted: {
      if (argument.text.size() == 1 && argument.text[0].inter) {
        return {evaluate(*argument.text[0].inter, container, node, memo)->value->text(), nullptr};
      }
      return {joined(argument.text, container, node, memo), nullptr};
    }
    case Argument::Kind::list: {
      List list;
      for (const auto& item : argument.items) {
        auto made = operand(item, container, node, memo);
        list.push_back(made.node ? *made.node->value : made.value);
      }
      return {list, nullptr};
    }
    case Argument::Kind::dict: {
      Map map;
      for (const auto& [key, item] : argument.pairs) {
        const Value word = primitive(key, container, node, memo);
        auto made = operand(item, container, node, memo);
        map.set(word.text(), made.node ? *made.node->value : made.value);
      }
      return {map, nullptr};
    }
    case Argument::Kind::primitive:
      break;
  }
  if (argument.parts.size() == 1 && argument.parts[0].inter) {
    Node* found = evaluate(*argument.parts[0].inter, container, node, memo);
    if (found->value->is_container()) return {Value(), found};
    return {*found->value, nullptr};
  }
  return {primitive(argument, container, node, memo), nullptr};
}

Value Resolver::primitive(const Argument& argument, Node* container, Node* node, Memo& memo) {
  const auto& parts = argument.parts;
  if (parts.size() == 1) {
    const auto& lexeme = parts[0].lexeme;
    switch (lexeme.token) {
      case Token::null:
        return nullptr;
      case Token::boolean:
        return std::tolower(static_cast<unsigned char>(lexeme.text[0])) == 't';
      case Token::integer:
        return python_int(lexeme.text);
      case Token::real:
        return std::strtod(without_underscores(lexeme.text).c_str(), nullptr);
      default:
        break;
    }
  }
  std::string words;
  for (const auto& part : parts) {
    if (part.inter) {
      words += evaluate(*part.inter, container, node, memo)->value->text();
    } else {
      words += part.lexeme.token == Token::escape ? unescape(part.lexeme.text) : part.lexeme.text;
    }
  }
  return words;
}

Value Resolver::content(Node* node, int depth) {
  const Origin origin = node->value->origin;
  const std::string path = node->path();
  Node* found = nullptr;
  try {
    if (depth > kMaxSteps) throw ResolveError("interpolations lead round in a circle");
    if (++contents_ > kMaxContents) throw ResolveError("interpolations expand without end");
    Memo memo;
    found = dereference(node, memo);
  } catch (const ConfigError& error) {
    const std::string where = origin.text();
    throw ResolveError((where.empty() ? "" : where + ": ") + path + " = " + node->value->text() +
                       ": " + error.what());
  }
  if (!found->value->is_container()) {
    Value value = *found->value;
    value.origin = origin;
    return value;
  }
  Value value;
  if (found->value->is_map()) {
    Map map;
    for (const auto& [key, child] : found->children) map.set(key, content(child, depth + 1));
    value = std::move(map);
  } else {
    List list;
    for (const auto& child : found->children) list.push_back(content(child.second, depth + 1));
    value = std::move(list);
  }
  value.origin = origin;
  return value;
}

Value Resolver::resolved() {
  contents_ = 0;
  return content(root_, 0);
}

std::optional<Value> Resolver::select(const std::string& path) {
  Node* found = select_for_resolver(path, root_);
  contents_ = 0;
  return found ? std::make_optional(content(found, 0)) : std::nullopt;
}

std::optional<Value> Resolver::peek(const std::string& path) {
  const Node* found = select_for_resolver(path, root_);
  return found ? std::make_optional(*found->value) : std::nullopt;
}

std::optional<Value> Resolver::follow(const std::vector<Key>& keys) {
  Node* node = root_;
  for (const auto& key : keys) {
    node = node ? node->child(key) : nullptr;
  }
  if (!node) return std::nullopt;
  try {
    Memo memo;
    return *dereference(node, memo)->value;
  } catch (const ConfigError&) {
    return std::nullopt;
  }
}

Value resolve(const Value& config, const Value* job) { return Resolver(config, job).resolved(); }

Resolver::Node* Resolver::call(const std::string& name, std::vector<Operand>& arguments,
                               Node* container, Node* node) {
  const auto count = [&](size_t least, size_t most) {
    if (arguments.size() >= least && arguments.size() <= most) return;
    throw ResolveError(name + " takes " + std::to_string(least) +
                       (most > least ? " or " + std::to_string(most) : "") + " arguments, not " +
                       std::to_string(arguments.size()));
  };
  const auto word = [&](size_t i) -> const std::string& {
    const Value& value = arguments[i].node ? *arguments[i].node->value : arguments[i].value;
    if (!value.is_string()) throw ResolveError(name + " takes a string, not " + value.kind());
    return value.string();
  };
  const auto result = [&](Value value) { return keep(std::move(value), container, true); };
  const auto given = [&](size_t i) {
    return arguments[i].node ? arguments[i].node : result(arguments[i].value);
  };
  if (name == "oc.env") {
    count(1, 2);
    if (const char* set = std::getenv(word(0).c_str())) return result(set);
    if (arguments.size() == 1) {
      throw ResolveError("environment variable '" + word(0) + "' is not set");
    }
    const Value& otherwise = *given(1)->value;
    return result(otherwise.is_null() ? otherwise : Value(otherwise.text()));
  }
  if (name == "oc.select") {
    count(1, 2);
    Node* found = select_for_resolver(word(0), container);
    if (found && !found->value->is_missing()) return found;
    return arguments.size() == 2 ? given(1) : result(nullptr);
  }
  if (name == "oc.create") {
    count(1, 1);
    Value value = *given(0)->value;
    if (value.is_string()) value = parse_yaml(value.string(), "oc.create");
    if (!value.is_container() && !value.is_null()) {
      throw ResolveError("oc.create makes a mapping or a list, not " + value.kind());
    }
    return keep(std::move(value), container, false);
  }
  if (name == "oc.decode") {
    count(1, 1);
    if (!arguments[0].node && arguments[0].value.is_null()) return result(nullptr);
    Memo memo;
    const auto decoded = operand(parse_single_element(word(0)), container, node, memo);
    return decoded.node ? decoded.node : result(decoded.value);
  }
  if (name == "oc.deprecated") {
    count(1, 2);
    return deprecated(arguments, container, node);
  }
  if (name == "oc.dict.keys" || name == "oc.dict.values") {
    count(1, 1);
    return dict_keys(word(0), container, name == "oc.dict.values");
  }
  if (name == "hydra") {
    count(1, 1);
    if (!job_) throw ResolveError("${hydra:...} has a meaning only inside a composed job");
    return result(Resolver(*job_, job_).select("hydra." + word(0)).value_or(nullptr));
  }
  if (name == "now") {
    count(1, 1);
    static const std::time_t start = std::time(nullptr);
    char text[256];
    std::tm local{};
    return result(std::string(
        text, std::strftime(text, sizeof text, word(0).c_str(), localtime_r(&start, &local))));
  }
  throw ResolveError("unknown resolver '" + name + "'" +
                     known_names(name, {"oc.create", "oc.decode", "oc.deprecated", "oc.dict.keys",
                                        "oc.dict.values", "oc.env", "oc.select", "hydra", "now"}));
}

Resolver::Node* Resolver::dict_keys(const std::string& path, Node* container, bool values) {
  const Node* found = select_for_resolver(path, container);
  if (!found) throw ResolveError("key not found: '" + path + "'");
  if (!found->value->is_map()) throw ResolveError("'" + path + "' is no mapping");
  List list;
  for (const auto& [key, child] : found->children) {
    // One level deeper than the interpolation that asked.
    const std::string prefix = path[0] == '.' ? "." + path : path;
    list.push_back(values ? Value("${" + prefix + "." + key.text() + "}") : Value(key.text()));
  }
  return keep(std::move(list), container, !values);
}

Resolver::Node* Resolver::deprecated(std::vector<Operand>& arguments, Node* container, Node* node) {
  const std::string key = arguments[0].value.text();
  std::string message =
      arguments.size() == 2
          ? arguments[1].value.text()
          : "'$OLD_KEY' is deprecated. Change your code and config to use '$NEW_KEY'";
  Node* found = select_for_resolver(key, container);
  if (!found) throw ResolveError("oc.deprecated: key not found: '" + key + "'");
  for (const auto& [name, path] : {std::pair<std::string, std::string>{"$OLD_KEY", node->path()},
                                   {"$NEW_KEY", found->path()}}) {
    for (size_t at; (at = message.find(name)) != std::string::npos;) {
      message.replace(at, name.size(), path);
    }
  }
  std::cerr << "manyfold: " << message << "\n";
  return found;
}

}  // namespace manyfold::config
