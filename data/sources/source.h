#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "data/files/fault.h"
#include "data/sample.h"

namespace manyfold::data {

/// Labelled pictures, or clips of them, by number. Knows neither chance nor augmentation: get(i) is
/// always the same.
class Source {
 public:
  Source(std::string name, bool synthetic) : name_(std::move(name)), synthetic_(synthetic) {}
  virtual ~Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  virtual int64_t size() const = 0;

  /// Decodes sample `index`, 0 <= index < size(). Safe to call from several threads; nothing is
  /// cached. `detail`: see decode_picture; labels are scaled with the picture.
  /// Throws BadSample when the sample's files or labels cannot be used.
  virtual Sample get(int64_t index, int64_t detail = 0) const = 0;

  /// Whether samples are clips; else each is a still.
  virtual bool clips() const { return false; }
  /// Frames of sample `index`: 1 of a still.
  virtual int64_t length(int64_t) const { return 1; }
  /// Whether sample `index` may carry a label, as far as that is known without reading it.
  virtual bool may_be_labelled(int64_t) const { return true; }
  /// Some of its frames, all of one size, each with the labels that it has. As get(), which gives
  /// all.
  virtual Sample part(int64_t index, const FrameRange&, int64_t detail = 0) const {
    return get(index, detail);
  }

  /// What people know the sample by: its path relative to the root, or "scene 17".
  virtual std::string sample_name(int64_t index) const = 0;

  /// The files behind a sample, the picture first; none for a made one.
  virtual std::vector<std::filesystem::path> files(int64_t) const { return {}; }

  /// What is wrong with the set as a whole, found when it was opened.
  const std::vector<Problem>& problems() const { return problems_; }
  const std::string& name() const { return name_; }
  bool synthetic() const { return synthetic_; }

 protected:
  std::vector<Problem> problems_;

 private:
  std::string name_;
  bool synthetic_;
};

}  // namespace manyfold::data
