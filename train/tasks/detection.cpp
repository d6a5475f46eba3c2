#include "train/tasks/detection.h"

#include <algorithm>

namespace manyfold::train {
namespace {

losses::DetectorOptions three_scales() {
  losses::DetectorOptions options;
  options.landmarks = 0;
  options.strides = {8, 16, 32};
  // Of drawn scenes and everyday pictures, by k-means (`manyfold data anchors`).
  options.anchors = {0.03, 0.05, 0.07, 0.09, 0.11, 0.19,   // stride 8
                     0.18, 0.26, 0.22, 0.48, 0.29, 0.79,   // stride 16
                     0.41, 0.57, 0.56, 0.77, 0.87, 0.90};  // stride 32
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
