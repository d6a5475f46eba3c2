#include "data/sources/label_rule.h"

#include <algorithm>

#include "common/error.h"

namespace manyfold::data {
namespace {

const char* kind_name(LabelSpec::Kind kind) {
  switch (kind) {
    case LabelSpec::Kind::mask:
      return "a mask";
    case LabelSpec::Kind::class_index:
      return "one class for a picture";
    case LabelSpec::Kind::objects:
      return "objects";
  }
  return "";
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

int64_t class_named(const std::string& where, const std::string& name, const LabelSpec& spec) {
  const auto found = std::find(spec.classes.begin(), spec.classes.end(), name);
  if (found == spec.classes.end()) {
    throw ConfigError(where + ": the task has no class '" + name + "'" +
                      known_names(name, spec.classes));
  }
  return found - spec.classes.begin();
}

/// The keys beside `from` that each `from` reads.
const std::map<std::string, std::vector<std::string>> kKeys = {
    {"boxes", {"categories", "classes", "landmarks"}},
    {"category", {"categories", "classes", "empty"}},
    {"folder", {"categories", "classes"}},
    {"gesture", {"categories", "classes"}},
    {"image", {"categories", "classes"}},
    {"mask", {"values"}},
    {"segments", {"categories", "classes"}}};

void check_keys(const std::string& where, const LabelOptions& options) {
  const auto& read = kKeys.at(options.from);
  const std::pair<std::string, bool> keys[] = {{"categories", !options.categories.empty()},
                                               {"classes", !options.classes.empty()},
                                               {"empty", !options.empty.empty()},
                                               {"landmarks", options.landmarks},
                                               {"values", !options.values.empty()}};
  for (const auto& [key, given] : keys) {
    if (!given || contains(read, key)) continue;
    std::string known;
    for (const auto& name : read) known += (known.empty() ? "" : ", ") + name;
    throw ConfigError(where + "." + key + " is given, and `from: " + options.from +
                      "` does not read it; it reads " + known);
  }
}

/// The class of one category of the set.
int64_t class_of(const std::string& where, const std::string& category, const LabelOptions& options,
                 const LabelSpec& spec) {
  const bool listed = contains(options.categories, category);
  if (!options.categories.empty() && !listed) return LabelRule::kSkip;
  const auto mapped = options.classes.find(category);
  if (mapped != options.classes.end()) {
    if (mapped->second.empty()) return LabelRule::kSkip;
    return class_named(where + ".classes." + category, mapped->second, spec);
  }
  if (contains(spec.classes, category)) return class_named(where, category, spec);
  if (listed && spec.classes.size() == 1) return 0;
  throw ConfigError(where + ": category '" + category +
                    "' of the set leads to no class of the task" +
                    known_names(category, spec.classes) + "; give `classes: {" + category +
                    ": <class>}`, or null to leave it out");
}

void check_names(const std::string& where, const LabelOptions& options,
                 const std::vector<std::string>& known) {
  const auto check = [&](const std::string& key, const std::string& name) {
    if (contains(known, name)) return;
    throw ConfigError(where + "." + key + ": the set has no category '" + name + "'" +
                      known_names(name, known));
  };
  for (const auto& name : options.categories) check("categories", name);
  for (const auto& [name, unused] : options.classes) check("classes", name);
}

/// 0 and 255 are the task's first two classes and 128 is to be ignored, unless stated.
std::vector<uint8_t> values_of(const std::string& where, const LabelOptions& options,
                               const LabelSpec& spec) {
  std::vector<uint8_t> table(256, LabelRule::kUnknownValue);
  if (options.values.empty()) {
    if (spec.classes.size() != 2) {
      throw ConfigError(where + ".values: the task has " + std::to_string(spec.classes.size()) +
                        " classes, so say which grey value means which: `values: {0: " +
                        (spec.classes.empty() ? "background" : spec.classes[0]) + ", ...}`");
    }
    table[0] = 0;
    table[128] = Mask::kIgnore;
    table[255] = 1;
  }
  for (const auto& [text, name] : options.values) {
    const bool digits = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
    const long value = digits && text.size() < 4 ? std::stol(text) : 256;
    if (value > 255) {
      throw ConfigError(where + ".values: '" + text + "' is not a grey value from 0 to 255");
    }
    table[value] = name == "ignore"
                       ? Mask::kIgnore
                       : static_cast<uint8_t>(class_named(where + ".values." + text, name, spec));
  }
  return table;
}

}  // namespace

void LabelOptions::fields(config::Fields& f) {
  f.field("from", from,
          "Where the label comes from: mask, segments, boxes, category or image (coco), folder "
          "(folders), mask, boxes or gesture (synthetic).",
          {"boxes", "category", "folder", "gesture", "image", "mask", "segments"});
  f.required("from");
  f.field("categories", categories, "Categories of the set that count; none = all.");
  f.field("classes", classes,
          "Category of the set: class of the task; null leaves the category out. Categories not "
          "named here mean the class of the same name.");
  f.field("values", values,
          "Grey value of a mask: class of the task, or ignore. Default for two classes: "
          "{0: first, 128: ignore, 255: second}.");
  f.field("landmarks", landmarks, "The boxes carry key points.");
  f.field("empty", empty, "Class of a picture without annotations; none: it is not labelled.");
}

LabelRule make_rule(const std::string& where, const std::string& task, const LabelOptions& options,
                    const LabelSpec& spec, const LabelKinds& kinds,
                    const std::vector<std::string>& categories) {
  const std::string place = where + ".labels." + task;
  const auto kind = kinds.find(options.from);
  if (kind == kinds.end()) {
    std::vector<std::string> known;
    for (const auto& [name, unused] : kinds) known.push_back(name);
    throw ConfigError(place + ".from = " + options.from +
                      ", which this type of source cannot give" + known_names(options.from, known));
  }
  if (kind->second != spec.kind) {
    throw ConfigError(place + ".from = " + options.from + " gives " + kind_name(kind->second) +
                      ", and the task learns from " + kind_name(spec.kind));
  }
  check_keys(place, options);
  LabelRule rule;
  rule.task = task;
  rule.from = options.from;
  rule.spec = spec;
  rule.landmarks = options.landmarks && spec.landmarks > 0;
  if (options.from == "mask") {
    rule.value_of = values_of(place, options, spec);
    return rule;
  }
  check_names(place, options, categories);
  for (const auto& category : categories) {
    rule.class_of.push_back(class_of(place, category, options, spec));
  }
  if (spec.kind == LabelSpec::Kind::objects) {
    rule.labelled.assign(spec.classes.size(), 0);
    for (const auto index : rule.class_of) {
      if (index != LabelRule::kSkip) rule.labelled[static_cast<size_t>(index)] = 1;
    }
  }
  if (!options.empty.empty()) rule.empty = class_named(place + ".empty", options.empty, spec);
  return rule;
}

}  // namespace manyfold::data
