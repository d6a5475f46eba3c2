#pragma once

#include "data/source.h"

namespace manyfold::data {

/// Fills in where each frame's pixels were in the frame before, as far as the source knows it.
/// `clip`: frames of sample `index` from `first` on, as the source gave them.
void add_known_motion(const Source& source, int64_t index, int64_t first, Sample& clip);

/// Fills in the rest as it looks (estimated_motion); of the first frame nothing is known.
void add_estimated_motion(Sample& clip);

}  // namespace manyfold::data
