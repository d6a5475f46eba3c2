#include "common/config/reader.h"

#include <algorithm>
#include <type_traits>

#include "common/config/range.h"
#include "common/error.h"

namespace manyfold::config {
namespace {

const Value& nothing() {
  static const Value null;
  return null;
}

}  // namespace

void throw_errors(const std::vector<std::string>& errors) {
  if (errors.empty()) return;
  std::string text;
  for (const auto& error : errors) text += (text.empty() ? "" : "\n") + error;
  throw ConfigError(text);
}

Reader::Reader(const Value& section, std::string path, std::vector<std::string>& errors)
    : section_(section), path_(std::move(path)), errors_(errors) {
  if (!section_.is_map() && !section_.is_null()) {
    blame(path_.empty() ? "the config" : path_, section_,
          "must be a mapping, not " + section_.kind());
  }
}

std::string Reader::path(const std::string& key) const {
  return path_.empty() ? key : path_ + "." + key;
}

void Reader::blame(const std::string& path, const Value& value, const std::string& message) {
  const std::string where = value.origin.text();
  std::string shown = value.is_string() ? "'" + value.text() + "'" : value.text();
  if (value.is_bool()) shown = value.boolean() ? "true" : "false";
  if (value.is_null()) shown = "null";
  if (shown.size() > 60) shown = shown.substr(0, 57) + "...";
  errors_.push_back((where.empty() ? "" : where + ": ") + path + " = " + shown + ", " + message);
  sound_ = false;
}

const Value* Reader::given(const char* key) {
  known_.insert(key);
  const Value* value = section_.find(key);
  if (!value) return nullptr;
  if (!value->is_missing()) return value;
  blame(path(key), *value, "must be given");
  return nullptr;
}

bool Reader::read(const std::string& path, const Value& value, int64_t& out, const Range& allowed) {
  if (!value.is_int()) {
    blame(path, value, "must be an int, not " + value.kind());
  } else if (!contains(allowed, static_cast<double>(value.integer()))) {
    blame(path, value, "must be " + text(allowed));
  } else {
    out = value.integer();
    return true;
  }
  return false;
}

bool Reader::read(const std::string& path, const Value& value, double& out, const Range& allowed) {
  if (!value.is_double() && !value.is_int()) {
    blame(path, value, "must be a float, not " + value.kind());
    return false;
  }
  const double number = value.is_int() ? static_cast<double>(value.integer()) : value.real();
  if (!contains(allowed, number)) {
    blame(path, value, "must be " + text(allowed));
    return false;
  }
  out = number;
  return true;
}

bool Reader::read(const std::string& path, const Value& value, std::string& out) {
  if (!value.is_string()) {
    blame(path, value, "must be a string, not " + value.kind());
    return false;
  }
  out = value.string();
  return true;
}

template <class T, class... Allowed>
void Reader::read_list(const char* key, std::vector<T>& out, const Allowed&... allowed) {
  const Value* value = given(key);
  if (!value) return;
  if (!value->is_list()) return blame(path(key), *value, "must be a list, not " + value->kind());
  std::vector<T> items;
  for (size_t i = 0; i < value->list().size(); ++i) {
    T item{};
    const std::string place = path(key) + "[" + std::to_string(i) + "]";
    if (read(place, value->list()[i], item, allowed...)) items.push_back(std::move(item));
  }
  out = std::move(items);
}

template <class T, class... Allowed>
void Reader::read_map(const char* key, std::map<std::string, T>& out, const Allowed&... allowed) {
  const Value* value = given(key);
  if (!value) return;
  if (!value->is_map()) return blame(path(key), *value, "must be a mapping, not " + value->kind());
  std::map<std::string, T> items;
  for (const auto& [name, child] : value->map()) {
    T item{};
    if constexpr (std::is_same_v<T, std::string>) {
      if (child.is_null()) {
        items[name.text()] = item;
        continue;
      }
    }
    if (read(path(key) + "." + name.text(), child, item, allowed...)) items[name.text()] = item;
  }
  out = std::move(items);
}

void Reader::field(const char* key, bool& value, const char*) {
  const Value* found = given(key);
  if (!found) return;
  if (!found->is_bool()) return blame(path(key), *found, "must be a bool, not " + found->kind());
  value = found->boolean();
}

void Reader::field(const char* key, int64_t& value, const char*, Range allowed) {
  if (const Value* found = given(key)) read(path(key), *found, value, allowed);
}

void Reader::field(const char* key, double& value, const char*, Range allowed) {
  if (const Value* found = given(key)) read(path(key), *found, value, allowed);
}

void Reader::field(const char* key, std::string& value, const char*,
                   std::vector<std::string> choices) {
  const Value* found = given(key);
  if (!found) return;
  // Where nothing is the default, null says nothing too.
  if (found->is_null() && value.empty()) return;
  std::string word;
  if (!read(path(key), *found, word)) return;
  if (!choices.empty() && std::find(choices.begin(), choices.end(), word) == choices.end()) {
    return blame(path(key), *found, "which is unknown" + known_names(word, choices));
  }
  value = word;
}

void Reader::field(const char* key, PictureSize& size, const char*, Range allowed) {
  const Value* value = given(key);
  if (!value) return;
  if (value->is_list() && value->list().size() == 2) {
    const auto& sides = value->list();
    read(path(key) + "[0]", sides[0], size.height, allowed);
    read(path(key) + "[1]", sides[1], size.width, allowed);
  } else if (value->is_int()) {
    if (read(path(key), *value, size.height, allowed)) size.width = size.height;
  } else {
    blame(path(key), *value, "must be [height, width], or one int for a square");
  }
}

void Reader::field(const char* key, std::vector<int64_t>& value, const char*, Range allowed) {
  read_list(key, value, allowed);
}

void Reader::field(const char* key, std::vector<double>& value, const char*, Range allowed) {
  read_list(key, value, allowed);
}

void Reader::field(const char* key, std::vector<std::string>& value, const char*) {
  read_list(key, value);
}

void Reader::field(const char* key, std::map<std::string, double>& value, const char*,
                   Range allowed) {
  read_map(key, value, allowed);
}

void Reader::field(const char* key, std::map<std::string, std::string>& value, const char*) {
  read_map(key, value);
}

void Reader::required(const char* key) { required_.push_back(key); }

void Reader::variant(const char* key, std::string& value, const char* doc,
                     const Alternatives& alternatives) {
  std::vector<std::string> words;
  for (const auto& alternative : alternatives) words.push_back(alternative.first);
  const bool was_sound = sound_;
  sound_ = true;
  field(key, value, doc, words);
  const bool usable = sound_;
  sound_ = sound_ && was_sound;
  const auto chosen = alternatives.find(value);
  if (usable && chosen != alternatives.end()) {
    chosen->second(*this);
  } else {
    // Which keys belong here is not known, so none is refused.
    for (const auto& [name, ignored] : section_.is_map() ? section_.map() : Map()) {
      known_.insert(name.text());
    }
  }
}

void Reader::require(bool condition, const char* key, const std::string& message) {
  // After another mistake in the section the members are not what the config says.
  if (condition || !sound_) return;
  const Value* found = section_.find(key);
  if (found) return blame(path(key), *found, message);
  const std::string where = section_.origin.text();
  errors_.push_back((where.empty() ? "" : where + ": ") + path(key) + " (not given), " + message);
}

void Reader::section_of(const char* key, const char*, const std::function<void(Fields&)>& visit) {
  const Value* found = given(key);
  Reader inner(found ? *found : nothing(), path(key), errors_);
  visit(inner);
  inner.finish();
}

void Reader::entries_of(const char* key, const char*,
                        const std::function<void(const std::string&, Fields&)>& visit) {
  const Value* found = given(key);
  if (!found || found->is_null()) return;
  if (!found->is_map()) return blame(path(key), *found, "must be a mapping, not " + found->kind());
  for (const auto& [name, entry] : found->map()) {
    if (entry.is_null()) continue;
    Reader inner(entry, path(key) + "." + name.text(), errors_);
    visit(name.text(), inner);
    inner.finish();
  }
}

void Reader::finish() {
  for (const auto& key : required_) {
    if (section_.find(key)) continue;
    const std::string where = section_.origin.text();
    errors_.push_back((where.empty() ? "" : where + ": ") + path(key) + " must be given");
  }
  if (!section_.is_map()) return;
  const std::vector<std::string> known(known_.begin(), known_.end());
  for (const auto& [key, value] : section_.map()) {
    if (key.is_word() && known_.count(key.text())) continue;
    blame(path(key.text()), value, "which is an unknown key" + known_names(key.text(), known));
  }
}

}  // namespace manyfold::config
