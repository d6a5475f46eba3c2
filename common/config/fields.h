#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace manyfold::config {

/// What a number may be. The text stands in errors and in `manyfold config doc`.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_open = false;   // low itself is not allowed
  bool high_open = false;  // high itself is not allowed
};
inline Range any() { return {}; }
inline Range positive() { return {0, std::numeric_limits<double>::infinity(), true, false}; }
inline Range at_least(double low) {
  return {low, std::numeric_limits<double>::infinity(), false, false};
}
inline Range between(double low, double high) { return {low, high, false, false}; }

/// Of pictures, in pixels. A config writes `[height, width]`, or one number for a square.
struct PictureSize {
  int64_t height = 0, width = 0;
};

/// What a struct of options says of itself: one call for each key, with its documentation. A struct
/// writes
///
///     struct SgdOptions {
///       double lr = 0.1;
///       void fields(Fields& f) { f.field("lr", lr, "Peak learning rate.", positive()); }
///     };
///
/// and that one description reads a composed config into it (`read`, below), refuses what it does
/// not know, and prints `manyfold config doc`. A value that the config does not give keeps the
/// member's initial value.
class Fields {
 public:
  virtual ~Fields() = default;

  virtual void field(const char* key, bool& value, const char* doc) = 0;
  virtual void field(const char* key, int64_t& value, const char* doc, Range allowed = any()) = 0;
  virtual void field(const char* key, double& value, const char* doc, Range allowed = any()) = 0;
  /// `choices`: the only words allowed; empty allows any.
  virtual void field(const char* key, std::string& value, const char* doc,
                     std::vector<std::string> choices = {}) = 0;
  virtual void field(const char* key, std::vector<int64_t>& value, const char* doc,
                     Range allowed = any()) = 0;
  /// `allowed`: either side.
  virtual void field(const char* key, PictureSize& value, const char* doc,
                     Range allowed = any()) = 0;
  virtual void field(const char* key, std::vector<double>& value, const char* doc,
                     Range allowed = any()) = 0;
  virtual void field(const char* key, std::vector<std::string>& value, const char* doc) = 0;
  virtual void field(const char* key, std::map<std::string, double>& value, const char* doc,
                     Range allowed = any()) = 0;
  /// An entry that is null becomes the empty word.
  virtual void field(const char* key, std::map<std::string, std::string>& value,
                     const char* doc) = 0;

  /// A key that must be given, with no default: declared before or after its `field`.
  virtual void required(const char* key) = 0;

  /// A word that decides which further keys stand beside it: `{"coco", [&](Fields& f) {
  /// coco.fields(f); }}`.
  using Alternatives = std::map<std::string, std::function<void(Fields&)>>;
  virtual void variant(const char* key, std::string& value, const char* doc,
                       const Alternatives& alternatives) = 0;

  /// A condition between several keys. `key` is the one to blame; the message goes on after
  /// "train.steps = 0, ".
  virtual void require(bool condition, const char* key, const std::string& message) = 0;

  /// Options of their own under one key.
  template <class Options>
  void section(const char* key, Options& options, const char* doc) {
    section_of(key, doc, [&options](Fields& f) { options.fields(f); });
  }
  /// Options by free names (tasks, sources): each entry of the config is read into a copy of
  /// `Options{}`, in the order of the config. An entry that is null is left out.
  template <class Options>
  void entries(const char* key, std::vector<std::pair<std::string, Options>>& value,
               const char* doc) {
    entries_of(key, doc, [&value](const std::string& name, Fields& f) {
      Options options;
      options.fields(f);
      value.emplace_back(name, std::move(options));
    });
  }

 protected:
  virtual void section_of(const char* key, const char* doc,
                          const std::function<void(Fields&)>& visit) = 0;
  virtual void entries_of(const char* key, const char* doc,
                          const std::function<void(const std::string& name, Fields&)>& visit) = 0;
};

}  // namespace manyfold::config
