#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace manyfold::config {

/// Where a value was written: a file and a line, or "command line override 2 (lr=0.1)".
struct Origin {
  std::shared_ptr<const std::string> source;
  int line = 0;  // 0: the source has no lines

  /// "configs/quickstart.yaml:12"; empty when unknown.
  std::string text() const;
};

/// The key of a mapping. Nearly always a word, but YAML's 1, 1.5 and true are keys of their own
/// types. Equality is Python's: 1, 1.0 and true are one key, and "1" is another.
class Key {
 public:
  using Any = std::variant<std::string, bool, int64_t, double>;

  Key(std::string word) : value_(std::move(word)) {}    // NOLINT: words become keys everywhere
  Key(const char* word) : value_(std::string(word)) {}  // NOLINT
  explicit Key(Any value) : value_(std::move(value)) {}

  bool is_word() const { return std::holds_alternative<std::string>(value_); }
  const Any& any() const { return value_; }
  /// As Python's str() would print it.
  std::string text() const;

  size_t hash() const;
  friend bool operator==(const Key& a, const Key& b);
  friend bool operator!=(const Key& a, const Key& b) { return !(a == b); }

 private:
  Any value_;
};

struct KeyHash {
  size_t operator()(const Key& key) const { return key.hash(); }
};

class Value;
struct Entry;

/// A mapping that keeps the order of insertion.
class Map {
 public:
  Map();
  Map(const Map&);
  Map(Map&&) noexcept;
  Map& operator=(const Map&);
  Map& operator=(Map&&) noexcept;
  ~Map();

  size_t size() const;
  bool empty() const { return size() == 0; }
  const Value* find(const Key& key) const;
  Value* find(const Key& key);
  /// Replaces the value where `key` stands, or appends.
  Value& set(const Key& key, Value value);
  /// Whether there was such a key.
  bool erase(const Key& key);

  std::vector<Entry>::const_iterator begin() const;
  std::vector<Entry>::const_iterator end() const;
  std::vector<Entry>::iterator begin();
  std::vector<Entry>::iterator end();

 private:
  std::vector<Entry> entries_;
  std::unordered_map<Key, size_t, KeyHash> places_;  // kept once there are many
};

using List = std::vector<Value>;

/// What a config is made of: null, bool, int64, double, string, list or mapping, each knowing where
/// it was written. Two strings mean more to OmegaConf: "???" is a value still to be given, and one
/// with "${" is an interpolation.
class Value {
 public:
  Value() = default;
  Value(std::nullptr_t) {}                                 // NOLINT: literals become values
  Value(bool value) : data_(value) {}                      // NOLINT
  Value(int value) : data_(int64_t{value}) {}              // NOLINT
  Value(int64_t value) : data_(value) {}                   // NOLINT
  Value(double value) : data_(value) {}                    // NOLINT
  Value(const char* value) : data_(std::string(value)) {}  // NOLINT
  Value(std::string value) : data_(std::move(value)) {}    // NOLINT
  Value(List value) : data_(std::move(value)) {}           // NOLINT
  Value(Map value) : data_(std::move(value)) {}            // NOLINT

  bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  bool is_bool() const { return std::holds_alternative<bool>(data_); }
  bool is_int() const { return std::holds_alternative<int64_t>(data_); }
  bool is_double() const { return std::holds_alternative<double>(data_); }
  bool is_string() const { return std::holds_alternative<std::string>(data_); }
  bool is_list() const { return std::holds_alternative<List>(data_); }
  bool is_map() const { return std::holds_alternative<Map>(data_); }
  bool is_container() const { return is_list() || is_map(); }
  bool is_missing() const;
  bool is_interpolation() const;

  bool boolean() const { return std::get<bool>(data_); }
  int64_t integer() const { return std::get<int64_t>(data_); }
  double real() const { return std::get<double>(data_); }
  const std::string& string() const { return std::get<std::string>(data_); }
  const List& list() const { return std::get<List>(data_); }
  List& list() { return std::get<List>(data_); }
  const Map& map() const { return std::get<Map>(data_); }
  Map& map() { return std::get<Map>(data_); }

  /// The member of a mapping; nullptr when there is none or this is no mapping.
  const Value* find(const Key& key) const { return is_map() ? map().find(key) : nullptr; }

  /// As Python's str() would print a scalar: True, None, 1e-05. A container prints on one line.
  std::string text() const;
  /// "a bool", "an int", "a float", "a string", "a list", "a mapping" or "null".
  std::string kind() const;

  Origin origin;

  /// Python's ==: 1 equals 1.0 and true; mappings compare without order; origins do not count.
  friend bool operator==(const Value& a, const Value& b);
  friend bool operator!=(const Value& a, const Value& b) { return !(a == b); }

 private:
  std::variant<std::monostate, bool, int64_t, double, std::string, List, Map> data_;
};

struct Entry {
  Key key;
  Value value;
};

/// Gives `value` and all below it the one origin.
void set_origin(Value& value, const Origin& origin);

/// What Python's repr() prints for a float: the shortest digits that read back, "1e-05", "5.0".
std::string python_float(double value);

}  // namespace manyfold::config
