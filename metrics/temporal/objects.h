#pragma once

#include <optional>
#include <vector>

#include "metrics/mean.h"
#include "metrics/temporal/jitter.h"
#include "metrics/temporal/metric.h"
#include "metrics/temporal/over_time.h"

namespace manyfold::metrics {

/// Boxes, with key points where the task has them (data::Objects), in time. Detections from
/// `operating_score` on are linked from frame to frame, and true objects with each other and with
/// detections, as link_objects() says. Figures, each relative to the size of the box and, with
/// `_px`, in pixels (metrics/temporal/jitter.h):
///   centre_jitter, size_jitter, landmark_jitter   mean acceleration of detections that are linked
///                  over three frames
/// of labelled frames, over true objects that are in two neighbouring frames and detected in both:
///   centre_step_error, size_step_error, landmark_step_error   difference between the detection's
///                  step and the true one
/// and besides:
///   track_breaks   share of the true objects in two neighbouring frames, detected in the first,
///                  whose detection is not linked to one of the same object in the second
///   recall_first, recall_last   share of true objects detected over the first, and the last,
///                  `trained_frames` of clips at least twice as long; `_first` and `_last` of
///                  centre_jitter and landmark_jitter are those of the same frames
class TemporalObjectsMetric : public TemporalMetric {
 public:
  /// `landmarks`: key points of each object; 0 = boxes only.
  explicit TemporalObjectsMetric(int64_t landmarks, const TemporalOptions& options = {})
      : landmarks_(landmarks), options_(options) {}

  void start() override;
  void add(const data::Label& predicted, const data::Label* truth, const cv::Mat& picture,
           const data::Motion& motion) override;
  std::vector<Figure> figures() const override;
  nlohmann::json details() const override;

 private:
  struct Moment {
    std::vector<data::Object> detections, truths;
    std::vector<int64_t> before;  // of each detection: which one of the frame before it was, or -1
    std::vector<int64_t> found;   // of each truth: its detection, or -1
    bool labelled = false;
  };

  Moment moment(const data::Label& predicted, const data::Label* truth) const;
  Jitter accelerations(const Moment& now) const;
  void add_steps(const Moment& now);

  int64_t landmarks_;
  TemporalOptions options_;
  std::optional<Moment> last_, second_last_;
  Jitter jitter_, step_error_;
  Mean breaks_;
  OverTime centre_jitter_, landmark_jitter_, recall_;
};

}  // namespace manyfold::metrics
