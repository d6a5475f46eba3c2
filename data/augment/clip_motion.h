#pragma once

#include "data/sample.h"

namespace manyfold::data {

/// Fills in the motion of the frames of which the source knew none, as it looks (estimated_motion);
/// of the first frame nothing is known.
void add_estimated_motion(Sample& clip);

}  // namespace manyfold::data
