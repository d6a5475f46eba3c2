#pragma once

#include <memory>

#include "data/augment/warp.h"
#include "data/sources/clip_source.h"

namespace manyfold::data {

/// Stills as clips: what a camera in a hand sees that looks at each of them, 30 frames a second. A
/// quarter of the cameras stands still; the others shake, turn and come nearer a little, and half
/// of these pan. They never look past the picture's edge, so frames are a little smaller than it.
/// Labels move along (see warp), and how the pixels move is known exactly; nothing in a picture
/// moves by itself. Training on the stills of one set and the clips of another teaches a memory
/// that stills look like the one and clips like the other; this is the remedy.
class FilmedStills : public ClipSource {
 public:
  /// `frames`: length of every clip.
  FilmedStills(std::shared_ptr<const Source> stills, const LabelSpecs& specs, int64_t frames);

  int64_t size() const override { return stills_->size(); }
  int64_t length(int64_t) const override { return frames_; }
  Sample part(int64_t index, const FrameRange& range, int64_t detail = 0) const override;
  std::string sample_name(int64_t index) const override { return stills_->sample_name(index); }
  std::vector<std::filesystem::path> files(int64_t index) const override;

 private:
  std::shared_ptr<const Source> stills_;
  LabelSpecs specs_;
  int64_t frames_;
};

}  // namespace manyfold::data
