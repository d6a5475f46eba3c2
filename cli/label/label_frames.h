#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/sources/source.h"

namespace manyfold::cli {

/// Every frame of a source of clips as a still, clip after clip.
class FramesSource : public data::Source {
 public:
  explicit FramesSource(std::shared_ptr<const data::Source> clips);

  int64_t size() const override { return static_cast<int64_t>(frames_.size()); }
  data::Sample get(int64_t index, int64_t detail = 0) const override;
  /// Its place in a set of `type: clips`, without the ending: "walk/frames/000007".
  std::string sample_name(int64_t index) const override;
  std::vector<std::filesystem::path> files(int64_t index) const override;

 private:
  struct Place {
    int64_t clip = 0, frame = 0;
  };
  const Place& place(int64_t index) const { return frames_.at(static_cast<size_t>(index)); }

  std::shared_ptr<const data::Source> clips_;
  std::vector<std::vector<std::filesystem::path>> files_;  // by clip
  std::vector<Place> frames_;
};

/// The place of the mask beside a frame: "walk/masks/000007".
std::string mask_beside(const std::filesystem::path& frame);

}  // namespace manyfold::cli
