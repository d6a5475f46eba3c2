#include "common/config/merge.h"

#include <optional>
#include <vector>

#include "common/config/resolve.h"

namespace manyfold::config {
namespace {

class Merger {
 public:
  Merger(const Value& root, std::vector<Key> path, Adding adding)
      : root_(root), path_(std::move(path)), adding_(adding) {}

  void merge(Value& there, const Value& source) {
    if (there.is_map() && source.is_map()) {
      for (const auto& [key, value] : source.map()) {
        path_.push_back(key);
        merge_key(there.map(), key, value);
        path_.pop_back();
      }
    } else if (there.is_list() && source.is_list()) {
      there = source;
    } else {
      throw ConfigError(where(source) + "cannot merge " + source.kind() + " into " + there.kind() +
                        (path_.empty() ? " at the root" : " at '" + full_key() + "'"));
    }
  }

 private:
  static std::string where(const Value& value) {
    const std::string origin = value.origin.text();
    return origin.empty() ? "" : origin + ": ";
  }

  std::string full_key() const {
    std::string text;
    for (const auto& key : path_) text += (text.empty() ? "" : ".") + key.text();
    return text;
  }

  void merge_key(Map& map, const Key& key, const Value& value) {
    Value* there = map.find(key);
    if (!there) {
      if (adding_ == Adding::refused) throw UnknownKeyError(full_key());
      map.set(key, value);
      return;
    }
    if (there->is_interpolation()) {
      const auto target = Resolver(root_).follow(path_);
      if (target && target->is_container()) *there = *target;
    }
    if (there->is_container() && value.is_container()) {
      merge(*there, value);
    } else if (!value.is_missing()) {
      *there = value;
    }
  }

  const Value& root_;
  std::vector<Key> path_;
  const Adding adding_;
};

std::optional<size_t> list_index(const List& list, const std::string& key) {
  if (key.empty() || key.size() > 9 || key.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  const size_t index = std::stoul(key);
  return index < list.size() ? std::make_optional(index) : std::nullopt;
}

Value* child(Value& parent, const std::string& key) {
  if (parent.is_map()) return parent.map().find(key);
  const auto index = list_index(parent.list(), key);
  return index ? &parent.list()[*index] : nullptr;
}

/// The child, made or overwritten as told.
Value& set_child(Value& parent, const std::string& key, Value value, const std::string& path,
                 Adding adding) {
  if (Value* there = child(parent, key)) return *there = std::move(value);
  if (parent.is_list()) {
    throw ConfigError("'" + path + "': '" + key + "' is not the number of an item of a list of " +
                      std::to_string(parent.list().size()));
  }
  if (adding == Adding::refused) throw UnknownKeyError(path);
  return parent.map().set(key, std::move(value));
}

/// The container that holds the last key of a path. Whatever holds nothing on the way is replaced.
Value& container_of(Value& root, const std::vector<std::string>& keys, const std::string& path,
                    Adding adding) {
  Value* node = &root;
  for (size_t i = 0; i + 1 < keys.size(); ++i) {
    Value* next = child(*node, keys[i]);
    if (!next || !next->is_container()) {
      Value made{Map()};
      if (next) made.origin = next->origin;
      next = &set_child(*node, keys[i], std::move(made), path, adding);
    }
    node = next;
  }
  return *node;
}

}  // namespace

void merge(Value& root, const Value& source) {
  Merger(root, {}, Adding::allowed).merge(root, source);
}

void update(Value& root, const std::string& path, const Value& value, Adding adding) {
  const auto keys = split_key(path);
  Value& container = container_of(root, keys, path, adding);
  Value* there = child(container, keys.back());
  if (there && there->is_container() && value.is_container()) {
    Merger(root, {keys.begin(), keys.end()}, adding).merge(*there, value);
  } else {
    set_child(container, keys.back(), value, path, adding);
  }
}

void place(Value& root, const std::string& path, Value value) {
  const auto keys = split_key(path);
  Value& container = container_of(root, keys, path, Adding::allowed);
  set_child(container, keys.back(), std::move(value), path, Adding::allowed);
}

bool remove(Value& root, const std::string& path) {
  const auto keys = split_key(path);
  Value* node = &root;
  for (size_t i = 0; i + 1 < keys.size() && node; ++i) {
    node = node->is_container() ? child(*node, keys[i]) : nullptr;
  }
  return node && node->is_map() && node->map().erase(keys.back());
}

}  // namespace manyfold::config
