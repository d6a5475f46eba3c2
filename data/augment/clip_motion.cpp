#include "data/augment/clip_motion.h"

namespace manyfold::data {

void add_estimated_motion(Sample& clip) {
  for (size_t t = 1; t < clip.frames.size(); ++t) {
    auto& frame = clip.frames[t];
    if (frame.motion.empty())
      frame.motion = estimated_motion(clip.frames[t - 1].picture, frame.picture);
  }
}

}  // namespace manyfold::data
