#pragma once

#include <cstdint>
#include <vector>

#include "data/label.h"

namespace manyfold::metrics {

/// Which object of one list each object of another is, by overlap: of two frames, or of truth and
/// prediction. Pairs of the same class with an IoU of at least `iou` are made by falling IoU (equal
/// ones in the order given), each object in one pair at most. Returns, for each of `objects`, its
/// partner's index in `others`, or -1.
std::vector<int64_t> link_objects(const std::vector<data::Object>& objects,
                                  const std::vector<data::Object>& others, double iou);

}  // namespace manyfold::metrics
