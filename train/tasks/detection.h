#pragma once

#include "train/tasks/detector_task.h"

namespace manyfold::train {

/// Boxes of several classes without key points, such as heads and bodies: YOLOv3's three scales
/// (arXiv 1804.02767) with a confidence for each class and no objectness beside them, so that a
/// data set may label some of the classes alone; boxes are learnt by their CIoU.
class DetectionTask : public DetectorTask {
 public:
  DetectionTask();
  void fields(config::Fields& f) override;
  nlohmann::json describe() const override;
};

}  // namespace manyfold::train
