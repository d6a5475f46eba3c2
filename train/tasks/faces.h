#pragma once

#include <vector>

#include "train/tasks/detector_task.h"

namespace manyfold::train {

/// Boxes of one class with key points in one pass, such as faces: SSLD, single-shot landmark
/// detection, and with several strides its multi-scale form. Objects without labelled key points
/// train the box alone.
class FacesTask : public DetectorTask {
 public:
  FacesTask();
  void fields(config::Fields& f) override;
  data::LabelSpec label() const override;
  /// Half the average precision, half how close the key points are, where a set labels them.
  double score(const std::vector<metrics::Figure>& figures) const override;
  std::vector<GateLimit> gate() const override;
  nlohmann::json describe() const override;

 private:
  std::vector<int64_t> mirrored_;
};

/// Which key point each becomes when a face is mirrored: iBUG's 68 (300-W), or the five of eyes,
/// nose and mouth corners (left eye, right eye, nose, left corner, right corner); empty for other
/// counts.
std::vector<int64_t> mirrored_landmarks(int64_t landmarks);

}  // namespace manyfold::train
