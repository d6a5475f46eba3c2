#include "train/tasks/table.h"

#include "train/tasks/classification.h"
#include "train/tasks/detection.h"
#include "train/tasks/faces.h"
#include "train/tasks/segmentation.h"

namespace manyfold::train {

const std::map<std::string, std::function<std::shared_ptr<Task>()>>& task_types() {
  static const std::map<std::string, std::function<std::shared_ptr<Task>()>> table = {
      {"classification", [] { return std::make_shared<ClassificationTask>(); }},
      {"detection", [] { return std::make_shared<DetectionTask>(); }},
      {"faces", [] { return std::make_shared<FacesTask>(); }},
      {"segmentation", [] { return std::make_shared<SegmentationTask>(); }},
  };
  return table;
}

}  // namespace manyfold::train
