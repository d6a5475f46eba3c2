#pragma once

#include <optional>

#include "metrics/mean.h"
#include "metrics/temporal/metric.h"
#include "metrics/temporal/over_time.h"

namespace manyfold::metrics {

/// One class for each frame (data::ClassIndex) in time. Figures:
///   class_changes  share of the frames whose class is not that of the frame before
///   class_changes_first, class_changes_last   the same over the first, and the last,
///                  `trained_frames` of clips at least twice as long
/// and of labelled frames:
///   false_changes  the same share where the true class stays
///   accuracy_first, accuracy_last   of those frames
class TemporalClassMetric : public TemporalMetric {
 public:
  explicit TemporalClassMetric(const TemporalOptions& options = {}) : options_(options) {}

  void start() override;
  void add(const data::Label& predicted, const data::Label* truth, const cv::Mat& picture,
           const data::Motion& motion) override;
  std::vector<Figure> figures() const override;
  nlohmann::json details() const override;

 private:
  struct Moment {
    int64_t predicted;
    std::optional<int64_t> truth;
  };

  TemporalOptions options_;
  std::optional<Moment> last_;
  Mean false_changes_;
  OverTime changes_, accuracy_;
};

}  // namespace manyfold::metrics
