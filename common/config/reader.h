#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/config/fields.h"
#include "common/config/value.h"

namespace manyfold::config {

/// Reads a section of a resolved config into the members that `fields` names, and notes every
/// mistake on the way. Use `read` below.
class Reader : public Fields {
 public:
  /// `section` is a mapping, or null for nothing given. `path`: its place, "" for the root.
  Reader(const Value& section, std::string path, std::vector<std::string>& errors);

  void field(const char* key, bool& value, const char* doc) override;
  void field(const char* key, int64_t& value, const char* doc, Range allowed) override;
  void field(const char* key, double& value, const char* doc, Range allowed) override;
  void field(const char* key, std::string& value, const char* doc,
             std::vector<std::string> choices) override;
  void field(const char* key, PictureSize& value, const char* doc, Range allowed) override;
  void field(const char* key, std::vector<int64_t>& value, const char* doc, Range allowed) override;
  void field(const char* key, std::vector<double>& value, const char* doc, Range allowed) override;
  void field(const char* key, std::vector<std::string>& value, const char* doc) override;
  void field(const char* key, std::map<std::string, double>& value, const char* doc,
             Range allowed) override;
  void field(const char* key, std::map<std::string, std::string>& value, const char* doc) override;
  void required(const char* key) override;
  void variant(const char* key, std::string& value, const char* doc,
               const Alternatives& alternatives) override;
  void require(bool condition, const char* key, const std::string& message) override;

  /// Notes keys that no field named and required ones that were not given. To be called last.
  void finish();

 protected:
  void section_of(const char* key, const char* doc,
                  const std::function<void(Fields&)>& visit) override;
  void entries_of(const char* key, const char* doc,
                  const std::function<void(const std::string&, Fields&)>& visit) override;

 private:
  std::string path(const std::string& key) const;
  /// "file:12: train.lr = -0.1, " and the message.
  void blame(const std::string& path, const Value& value, const std::string& message);
  /// The value of a key; nullptr when it is not given, or missing, which is noted.
  const Value* given(const char* key);
  /// Converts one item; false, and noted, when it cannot be.
  bool read(const std::string& path, const Value& value, int64_t& out, const Range& allowed);
  bool read(const std::string& path, const Value& value, double& out, const Range& allowed);
  bool read(const std::string& path, const Value& value, std::string& out);
  template <class T, class... Allowed>
  void read_list(const char* key, std::vector<T>& out, const Allowed&... allowed);
  template <class T, class... Allowed>
  void read_map(const char* key, std::map<std::string, T>& out, const Allowed&... allowed);

  const Value& section_;
  const std::string path_;
  std::vector<std::string>& errors_;
  std::set<std::string> known_;
  std::vector<std::string> required_;
  bool sound_ = true;  // nothing noted in this section so far
};

/// Throws ConfigError with all of `errors`, a line each; does nothing when there are none.
void throw_errors(const std::vector<std::string>& errors);

/// The options that a resolved config gives. Throws ConfigError with every mistake found: unknown
/// keys (and the nearest known one), wrong types, values out of range or still missing.
template <class Options>
Options read(const Value& resolved) {
  std::vector<std::string> errors;
  Options options;
  Reader reader(resolved, "", errors);
  options.fields(reader);
  reader.finish();
  throw_errors(errors);
  return options;
}

}  // namespace manyfold::config
