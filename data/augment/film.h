#pragma once

#include "common/random.h"
#include "data/augment/warp.h"
#include "data/sample.h"

namespace manyfold::data {

/// A still as a clip: what a camera in a hand sees that looks at it, 30 frames a second. Which one
/// is drawn from `camera`: a quarter stand still; the others shake, turn up to 1.5 degrees and come
/// up to 5 % nearer or farther, and half of these pan, unless the still has a class of its own
/// (ClassIndex), which panning might lose out of sight. A camera never looks past the picture's
/// edge, so frames are smaller than the picture: at least 84 % as wide and high, 72 % as wide where
/// it pans (a square; less of the longer side of others). Labels move along (see warp); nothing in
/// the picture moves by itself.
///
/// Why: where clips are all drawn and stills all real, steps of clips forget what real pictures
/// teach (docs/video.md).
Sample film(const Sample& still, const FrameRange& range, const LabelSpecs& specs, Random& camera);

}  // namespace manyfold::data
