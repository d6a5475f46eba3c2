#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/config/fields.h"
#include "data/label.h"

namespace manyfold::data {

/// How a source labels one task, as the configuration says it: `labels.<task>` of a source.
struct LabelOptions {
  /// Where the label comes from; which words a source knows stands with the source.
  std::string from;
  /// The set's categories that count; empty = all. The others are as if they were not there.
  std::vector<std::string> categories;
  /// The set's name -> the task's class. A name without an entry means the task's class of the same
  /// name; an empty (null) class leaves those annotations out.
  std::map<std::string, std::string> classes;
  /// Grey value -> the task's class, or "ignore"; for `from: mask`.
  std::map<std::string, std::string> values;
  /// Objects carry the set's key points.
  bool landmarks = false;
  /// The class of a picture without annotations; empty: it is not labelled. For `from: category`.
  std::string empty;

  void fields(config::Fields& f);
};

/// A LabelOptions made to fit the task it labels: names have become numbers.
struct LabelRule {
  static constexpr int64_t kSkip = -1;
  std::string task;
  std::string from;
  LabelSpec spec;
  std::vector<int64_t> class_of;  // by category of the set; kSkip = leave out
  std::vector<uint8_t> value_of;  // by grey value, 256; kUnknownValue = not configured
  std::vector<uint8_t> labelled;  // of objects, by class: whether a category leads to it
  bool landmarks = false;
  int64_t empty = kSkip;

  static constexpr uint8_t kUnknownValue = 254;
};

/// What a source may label: the word after `from:`, and the kind of label it makes.
using LabelKinds = std::map<std::string, LabelSpec::Kind>;

/// Fits `options` to the task. `categories` are the set's names, in its order; `where` names the
/// source in messages. Throws ConfigError: an unknown `from`, a task of another kind, a key
/// that this `from` does not read, a category or class that does not exist, a category that leads
/// to no class.
LabelRule make_rule(const std::string& where, const std::string& task, const LabelOptions& options,
                    const LabelSpec& spec, const LabelKinds& kinds,
                    const std::vector<std::string>& categories);

}  // namespace manyfold::data
