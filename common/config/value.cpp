#include "common/config/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace manyfold::config {
namespace {

constexpr size_t kMany = 32;  // entries that are found faster by hash

/// Python's repr() of a string; beyond ASCII everything counts as printable.
std::string python_repr(const std::string& text) {
  const bool single = text.find('\'') == std::string::npos || text.find('"') != std::string::npos;
  const char quote = single ? '\'' : '"';
  std::string out(1, quote);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n' || c == '\r' || c == '\t') {
      out += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      const char* const digits = "0123456789abcdef";
      out += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    } else {
      if (c == '\\' || c == quote) out += '\\';
      out += c;
    }
  }
  return out + quote;
}

/// Python's str() or, inside a container, repr() of a scalar.
std::string scalar_text(const Value& value, bool quoted) {
  if (value.is_null()) return "None";
  if (value.is_bool()) return value.boolean() ? "True" : "False";
  if (value.is_int()) return std::to_string(value.integer());
  if (value.is_double()) return python_float(value.real());
  return quoted ? python_repr(value.string()) : value.string();
}

std::string container_text(const Value& value) {
  if (!value.is_container()) return scalar_text(value, true);
  std::string text;
  if (value.is_list()) {
    for (const auto& item : value.list()) text += (text.empty() ? "" : ", ") + container_text(item);
    return "[" + text + "]";
  }
  for (const auto& [key, item] : value.map()) {
    text += text.empty() ? "" : ", ";
    text += (key.is_word() ? python_repr(key.text()) : key.text()) + ": " + container_text(item);
  }
  return "{" + text + "}";
}

bool is_number(const Value& value) {
  return value.is_bool() || value.is_int() || value.is_double();
}

bool numbers_equal(const Value& a, const Value& b) {
  const auto integer = [](const Value& v) { return v.is_bool() ? v.boolean() : v.integer(); };
  if (!a.is_double() && !b.is_double()) return integer(a) == integer(b);
  const auto real = [&](const Value& v) {
    return v.is_double() ? v.real() : static_cast<double>(integer(v));
  };
  return real(a) == real(b);
}

bool maps_equal(const Map& a, const Map& b) {
  if (a.size() != b.size()) return false;
  return std::all_of(a.begin(), a.end(), [&](const Entry& entry) {
    const Value* other = b.find(entry.key);
    return other && *other == entry.value;
  });
}

Value key_value(const Key& key) {
  return std::visit([](const auto& value) { return Value(value); }, key.any());
}

}  // namespace

std::string Origin::text() const {
  if (!source) return "";
  return line > 0 ? *source + ":" + std::to_string(line) : *source;
}

std::string Key::text() const { return scalar_text(key_value(*this), false); }

size_t Key::hash() const {
  if (is_word()) return std::hash<std::string>()(std::get<std::string>(value_));
  const Value value = key_value(*this);
  const double number = value.is_double() ? value.real()
                        : value.is_bool() ? value.boolean()
                                          : static_cast<double>(value.integer());
  return std::hash<double>()(number);
}

bool operator==(const Key& a, const Key& b) {
  if (a.is_word() || b.is_word()) return a.value_ == b.value_;
  return numbers_equal(key_value(a), key_value(b));
}

Map::Map() = default;
Map::Map(const Map&) = default;
Map::Map(Map&&) noexcept = default;
Map& Map::operator=(const Map&) = default;
Map& Map::operator=(Map&&) noexcept = default;
Map::~Map() = default;

size_t Map::size() const { return entries_.size(); }

const Value* Map::find(const Key& key) const {
  if (!places_.empty()) {
    const auto place = places_.find(key);
    return place == places_.end() ? nullptr : &entries_[place->second].value;
  }
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.key == key; });
  return found == entries_.end() ? nullptr : &found->value;
}

Value* Map::find(const Key& key) { return const_cast<Value*>(std::as_const(*this).find(key)); }

Value& Map::set(const Key& key, Value value) {
  if (Value* there = find(key)) return *there = std::move(value);
  entries_.push_back({key, std::move(value)});
  if (entries_.size() == kMany) {
    for (size_t i = 0; i < kMany; ++i) places_.emplace(entries_[i].key, i);
  } else if (!places_.empty()) {
    places_.emplace(key, entries_.size() - 1);
  }
  return entries_.back().value;
}

bool Map::erase(const Key& key) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.key == key; });
  if (found == entries_.end()) return false;
  entries_.erase(found);
  if (places_.empty()) return true;
  places_.clear();
  for (size_t i = 0; i < entries_.size(); ++i) places_.emplace(entries_[i].key, i);
  return true;
}

std::vector<Entry>::const_iterator Map::begin() const { return entries_.begin(); }
std::vector<Entry>::const_iterator Map::end() const { return entries_.end(); }
std::vector<Entry>::iterator Map::begin() { return entries_.begin(); }
std::vector<Entry>::iterator Map::end() { return entries_.end(); }

bool Value::is_missing() const { return is_string() && string() == "???"; }

bool Value::is_interpolation() const {
  return is_string() && string().find("${") != std::string::npos;
}

std::string Value::text() const {
  return is_container() ? container_text(*this) : scalar_text(*this, false);
}

std::string Value::kind() const {
  static const char* const names[] = {"null",     "a bool", "an int",   "a float",
                                      "a string", "a list", "a mapping"};
  return names[data_.index()];
}

bool operator==(const Value& a, const Value& b) {
  if (is_number(a) && is_number(b)) return numbers_equal(a, b);
  if (a.data_.index() != b.data_.index()) return false;
  if (a.is_map()) return maps_equal(a.map(), b.map());
  if (a.is_list()) return a.list() == b.list();
  return a.is_null() || a.string() == b.string();
}

void set_origin(Value& value, const Origin& origin) {
  value.origin = origin;
  if (value.is_list()) {
    for (auto& item : value.list()) set_origin(item, origin);
  } else if (value.is_map()) {
    for (auto& entry : value.map()) set_origin(entry.value, origin);
  }
}

std::string python_float(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char digits[32];
  const auto scientific =
      std::to_chars(digits, digits + sizeof digits, value, std::chars_format::scientific);
  const std::string text(digits, scientific.ptr);
  const int exponent = std::stoi(text.substr(text.find('e') + 1));
  if (exponent < -4 || exponent >= 16) return text;
  const auto fixed = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed);
  const std::string plain(digits, fixed.ptr);
  return plain.find('.') == std::string::npos ? plain + ".0" : plain;
}

}  // namespace manyfold::config
