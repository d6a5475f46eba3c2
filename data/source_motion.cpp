#include "data/source_motion.h"

namespace manyfold::data {

void add_known_motion(const Source& source, int64_t index, int64_t first, Sample& clip) {
  for (auto& frame : clip.frames) {
    if (first > 0) frame.motion = source.motion(index, first);
    ++first;
  }
}

void add_estimated_motion(Sample& clip) {
  for (size_t t = 1; t < clip.frames.size(); ++t) {
    auto& frame = clip.frames[t];
    if (frame.motion.empty())
      frame.motion = estimated_motion(clip.frames[t - 1].picture, frame.picture);
  }
}

}  // namespace manyfold::data
