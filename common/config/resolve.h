#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/config/interpolation.h"
#include "common/config/value.h"
#include "common/error.h"

namespace manyfold::config {

/// An interpolation that leads nowhere: an unknown key, a cycle, an unset environment variable.
struct ResolveError : ConfigError {
  using ConfigError::ConfigError;
};

/// A path that goes on below a value that holds nothing.
struct NotContainerError : ResolveError {
  using ResolveError::ResolveError;
};

/// Follows the interpolations of one config, as OmegaConf does: each when it is asked for, relative
/// ones from where they are written, whole mappings and lists included.
class Resolver {
 public:
  /// `root` must outlive this. `job` is the config with its `hydra` node, for `${hydra:...}`;
  /// without it that resolver is an error.
  explicit Resolver(const Value& root, const Value* job = nullptr);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// The config with every interpolation followed; "???" stays. Throws ResolveError, naming the
  /// place of the interpolation, for one that cannot be followed or that leads to a "???".
  Value resolved();

  /// The value at a dotted path with all below it followed; nullopt when there is none.
  std::optional<Value> select(const std::string& path);

  /// The same with what is below left as it is.
  std::optional<Value> peek(const std::string& path);

  /// What stands at the end of the interpolation at `keys`, its own interpolations left as they
  /// are; nullopt when it cannot be followed.
  std::optional<Value> follow(const std::vector<Key>& keys);

 private:
  struct Node;
  struct Operand;
  using Memo = std::set<const Node*>;

  Node* grow(const Value& value, Node* parent, bool final);
  Node* keep(Value value, Node* parent, bool final);
  Node* dereference(Node* node, Memo& memo);
  Node* evaluate(const Interpolation& inter, Node* container, Node* node, Memo& memo);
  Node* follow_path(const std::string& path, Node* container, Memo& memo);
  Node* select_from(Node* start, const std::string& path, bool missing_is_error, Memo& memo);
  Node* select_for_resolver(const std::string& path, Node* container);
  Node* call(const std::string& name, std::vector<Operand>& arguments, Node* container, Node* node);
  Node* dict_keys(const std::string& path, Node* container, bool values);
  Node* deprecated(std::vector<Operand>& arguments, Node* container, Node* node);
  Operand operand(const Argument& argument, Node* container, Node* node, Memo& memo);
  Value primitive(const Argument& argument, Node* container, Node* node, Memo& memo);
  std::string joined(const Text& text, Node* container, Node* node, Memo& memo);
  Value content(Node* node, int depth);

  const Value* job_;
  std::deque<std::unique_ptr<Node>> nodes_;
  std::deque<Value> made_;  // what resolvers returned
  Node* root_;
  int depth_ = 0;
  int contents_ = 0;
};

/// `config` with every interpolation followed, see Resolver.
Value resolve(const Value& config, const Value* job = nullptr);

}  // namespace manyfold::config
