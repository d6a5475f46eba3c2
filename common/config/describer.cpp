#include "common/config/describer.h"

#include <algorithm>

#include "common/config/range.h"
#include "common/config/value.h"
#include "common/error.h"

namespace manyfold::config {
namespace {

std::string shown(const std::string& value) { return value.empty() ? "''" : value; }
std::string shown(int64_t value) { return std::to_string(value); }
std::string shown(double value) { return python_float(value); }

template <class T>
std::string shown(const std::vector<T>& items) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ", ") + shown(item);
  return "[" + text + "]";
}

template <class T>
std::string shown(const std::map<std::string, T>& items) {
  std::string text;
  for (const auto& [key, item] : items)
    text += (text.empty() ? "" : ", ") + key + ": " + shown(item);
  return "{" + text + "}";
}

std::string one_of(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "one of " : ", ") + word;
  return text;
}

}  // namespace

Describer::Describer(std::vector<FieldDoc>& docs, std::string path, std::string when)
    : docs_(docs), path_(std::move(path)), when_(std::move(when)) {}

Describer::~Describer() {
  for (const auto& key : required_) {
    for (auto& doc : docs_) {
      if (doc.path == path(key)) doc.required = true;
    }
  }
}

std::string Describer::path(const std::string& key) const {
  return path_.empty() ? key : path_ + "." + key;
}

void Describer::add(const char* key, const std::string& type, const std::string& initial,
                    const std::string& allowed, const char* doc) {
  docs_.push_back({path(key), type, initial, allowed, doc, when_, false});
}

void Describer::field(const char* key, bool& value, const char* doc) {
  add(key, "bool", value ? "true" : "false", "", doc);
}
void Describer::field(const char* key, int64_t& value, const char* doc, Range allowed) {
  add(key, "int", shown(value), text(allowed), doc);
}
void Describer::field(const char* key, double& value, const char* doc, Range allowed) {
  add(key, "float", shown(value), text(allowed), doc);
}
void Describer::field(const char* key, std::string& value, const char* doc,
                      std::vector<std::string> choices) {
  add(key, "string", shown(value), one_of(choices), doc);
}
void Describer::field(const char* key, PictureSize& size, const char* doc, Range allowed) {
  add(key, "[height, width] or int", "[" + shown(size.height) + ", " + shown(size.width) + "]",
      text(allowed), doc);
}
void Describer::field(const char* key, std::vector<int64_t>& value, const char* doc,
                      Range allowed) {
  add(key, "list of int", shown(value), text(allowed), doc);
}
void Describer::field(const char* key, std::vector<double>& value, const char* doc, Range allowed) {
  add(key, "list of float", shown(value), text(allowed), doc);
}
void Describer::field(const char* key, std::vector<std::string>& value, const char* doc) {
  add(key, "list of string", shown(value), "", doc);
}
void Describer::field(const char* key, std::map<std::string, double>& value, const char* doc,
                      Range allowed) {
  add(key, "mapping to float", shown(value), text(allowed), doc);
}
void Describer::field(const char* key, std::map<std::string, std::string>& value, const char* doc) {
  add(key, "mapping to string", shown(value), "", doc);
}

void Describer::required(const char* key) { required_.push_back(key); }

void Describer::variant(const char* key, std::string& value, const char* doc,
                        const Alternatives& alternatives) {
  std::vector<std::string> words;
  for (const auto& alternative : alternatives) words.push_back(alternative.first);
  field(key, value, doc, words);
  for (const auto& [word, visit] : alternatives) {
    Describer inner(docs_, path_,
                    (when_.empty() ? "" : when_ + " and ") + path(key) + " = " + word);
    visit(inner);
  }
}

void Describer::section_of(const char* key, const char* doc,
                           const std::function<void(Fields&)>& visit) {
  add(key, "section", "", "", doc);
  Describer inner(docs_, path(key), when_);
  visit(inner);
}

void Describer::entries_of(const char* key, const char* doc,
                           const std::function<void(const std::string&, Fields&)>& visit) {
  add(key, "sections by name", "", "", doc);
  Describer inner(docs_, path(key) + ".<name>", when_);
  visit("<name>", inner);
}

std::vector<FieldDoc> describe(const std::function<void(Fields&)>& fields) {
  std::vector<FieldDoc> docs;
  {
    Describer describer(docs);
    fields(describer);
  }  // which notes what is required
  return docs;
}

std::vector<FieldDoc> documentation(const std::function<void(Fields&)>& fields,
                                    const std::string& key) {
  std::vector<FieldDoc> found;
  std::vector<std::string> known;
  for (const auto& doc : describe(fields)) {
    known.push_back(doc.path);
    const bool below = doc.path.rfind(key + ".", 0) == 0;
    if (key.empty() || doc.path == key || below) found.push_back(doc);
  }
  if (!found.empty() || key.empty()) return found;
  const std::string near = nearest_name(key, known);
  throw ConfigError(
      "there is no key '" + key + "'" +
      (near.empty() ? "; 'manyfold config doc' lists all" : "; did you mean '" + near + "'?"));
}

std::string to_text(const FieldDoc& doc) {
  std::string text = doc.path + ": " + doc.type;
  if (!doc.allowed.empty()) text += ", " + doc.allowed;
  if (doc.required) {
    text += ", must be given";
  } else if (!doc.initial.empty()) {
    text += ", default " + doc.initial;
  }
  if (!doc.when.empty()) text += " (when " + doc.when + ")";
  return text + "\n    " + doc.doc + "\n";
}

}  // namespace manyfold::config
