#pragma once

#include <opencv2/core.hpp>
#include <optional>

#include "data/coco_file.h"
#include "data/label_rule.h"

namespace manyfold::data {

/// The labels that a CocoImage's annotations give by a rule, in the picture's pixels.

/// `from: boxes`. Throws BadSample for an annotation without a box (bad_box) or with other key
/// points than its category (bad_landmarks).
Objects coco_objects(const CocoImage& image, const LabelRule& rule);

/// `from: segments`; `size` is the picture's. Throws BadSample (bad_segment), also for an object
/// that has no outline and is not a crowd.
Mask coco_segments(const CocoImage& image, const LabelRule& rule, cv::Size size);

/// `from: category`, of the whole picture; nothing where it is not labelled.
std::optional<ClassIndex> coco_class(const CocoImage& image, const LabelRule& rule);

}  // namespace manyfold::data
