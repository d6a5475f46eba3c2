#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/config/fields.h"

namespace manyfold::config {

/// What is to be known of one key.
struct FieldDoc {
  std::string path;     // "train.lr"; a free name is "<name>"
  std::string type;     // "float", "list of int", "section"
  std::string initial;  // what it is when the config does not say; empty for sections
  std::string allowed;  // "> 0", "one of cosine, step"; empty for anything
  std::string doc;
  std::string when;  // "data.kind = coco": the key exists only then
  bool required = false;
};

/// Collects the documentation of every key that `fields` names.
class Describer : public Fields {
 public:
  explicit Describer(std::vector<FieldDoc>& docs, std::string path = "", std::string when = "");
  ~Describer() override;

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
  void require(bool, const char*, const std::string&) override {}

 protected:
  void section_of(const char* key, const char* doc,
                  const std::function<void(Fields&)>& visit) override;
  void entries_of(const char* key, const char* doc,
                  const std::function<void(const std::string&, Fields&)>& visit) override;

 private:
  std::string path(const std::string& key) const;
  void add(const char* key, const std::string& type, const std::string& initial,
           const std::string& allowed, const char* doc);

  std::vector<FieldDoc>& docs_;
  const std::string path_;
  const std::string when_;
  std::vector<std::string> required_;
};

/// The keys that `fields` describes, in its order.
std::vector<FieldDoc> describe(const std::function<void(Fields&)>& fields);

/// Those at `key` and below it; all for an empty `key`. Throws ConfigError, with the nearest key,
/// when there is none.
std::vector<FieldDoc> documentation(const std::function<void(Fields&)>& fields,
                                    const std::string& key);

/// A few lines for a person.
std::string to_text(const FieldDoc& doc);

}  // namespace manyfold::config
