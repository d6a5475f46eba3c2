#pragma once

#include <cstdint>
#include <vector>

namespace manyfold::metrics {

/// Detections by descending score: true = found an object that no better one had found, false =
/// false alarm. `truths` counts the objects that were to be found; without any, the results are
/// NaN. The conventions differ by a few hundredths, so figures name theirs.

/// Area under the precision envelope over all recalls (PASCAL VOC since 2010).
double average_precision(const std::vector<bool>& hits, int64_t truths);

/// Mean of the envelope at `points` recalls 0, 1 / (points - 1) ... 1: 101 is COCO's, 11 is PASCAL
/// VOC's of 2007. Recalls are compared in doubles, as pycocotools does: 7 of 10 objects do not
/// reach 70 * 0.01, which is a little more than 0.7. Throws std::invalid_argument for fewer than
/// two points.
double average_precision_at(const std::vector<bool>& hits, int64_t truths, int64_t points);

}  // namespace manyfold::metrics
