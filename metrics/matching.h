#pragma once

#include <cstdint>
#include <functional>
#include <opencv2/core.hpp>
#include <vector>

#include "data/label.h"

namespace manyfold::metrics {

/// Intersection over union; 0 when either box is empty.
double box_iou(const cv::Rect2f& a, const cv::Rect2f& b);

/// What became of a detection.
struct Match {
  enum class Verdict { hit, false_alarm, ignored };
  Verdict verdict = Verdict::false_alarm;
  int64_t truth = -1;  // the object that was hit
};

/// Whether an object of the truth, or a detection without a partner, counts at all.
using Counts = std::function<bool(const data::Object&)>;

/// Gives every detection of one picture its object, or none, as COCO does: by descending score
/// (equal scores in the order given), each takes the object of its own class with the largest IoU
/// of at least `iou`, in (0, 1], that is still free (of equal IoUs the last). A detection that
/// finds no such object is ignored, neither right nor wrong, when
///   - it does not count itself, or finds one that does not count, or
///   - a share of its area of at least `iou` lies in one ignore region (data::Object::ignore, or a
///     negative class) of its own class or of none (a negative one); a region takes in any number
///     of detections.
/// Returns one Match for each of `predicted`, in its order.
std::vector<Match> match_objects(const std::vector<data::Object>& predicted,
                                 const std::vector<data::Object>& truth, double iou,
                                 const Counts& counts = {});

/// An area in which nothing is asked for.
inline bool is_ignore_region(const data::Object& object) {
  return object.ignore || object.class_index < 0;
}

}  // namespace manyfold::metrics
