#include "train/tasks/detection.h"

#include <algorithm>

namespace manyfold::train {
namespace {

losses::DetectorOptions three_scales() {
  losses::DetectorOptions options;
  options.landmarks = 0;
  options.strides = {8, 16, 32};
  // A head is about 0.8 as wide as tall, a body 0.4 (standing) to 0.8 (at a table).
  options.anchors = {0.045, 0.055, 0.08, 0.10, 0.09, 0.22,   // stride 8
                     0.14,  0.17,  0.15, 0.38, 0.24, 0.30,   // stride 16
                     0.26,  0.62,  0.40, 0.45, 0.50, 0.85};  // stride 32
  options.size_term = losses::DetectorOptions::SizeTerm::ciou;
  return options;
}

/// A name that stands in the list more than once; empty when there is none.
std::string doubled_name(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  const auto found = std::adjacent_find(names.begin(), names.end());
  return found == names.end() ? "" : *found;
}

}  // namespace

DetectionTask::DetectionTask() : DetectorTask({"head", "body"}, three_scales()) {}

void DetectionTask::fields(config::Fields& f) {
  f.field("classes", classes_, "Names of the classes, in the order of the confidences.");
  f.require(!classes_.empty(), "classes", "needs at least one name");
  const auto doubled = doubled_name(classes_);
  f.require(doubled.empty(), "classes", "names '" + doubled + "' more than once");
  detector_fields(f);
}

nlohmann::json DetectionTask::describe() const {
  auto description = DetectorTask::describe();
  description["type"] = "detection";
  return description;
}

}  // namespace manyfold::train
