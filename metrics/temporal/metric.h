#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "data/label.h"
#include "data/motion.h"
#include "metrics/metric.h"

namespace manyfold::metrics {

struct TemporalOptions {
  /// A pixel stands still when its smoothed colour changes by less (8-bit levels); where the motion
  /// is not known.
  double static_difference = 2;
  /// A pixel stands still when it moves by less (pixels); where the motion is known.
  double still_motion = 0.1;
  /// Overlap from which objects of neighbouring frames, or of truth and prediction, are one object.
  double link_iou = 0.5;
  /// Detections from this score on are what is followed.
  double operating_score = 0.5;
  /// Length T of the clips in training: what comes before and long after it is compared.
  int64_t trained_frames = 8;
};

/// How steady predictions are in time, over a set of clips whose frames come in order. Being steady
/// is not being right: a frozen prediction scores perfectly on most of these figures, so that they
/// are read beside those of a Metric.
class TemporalMetric {
 public:
  virtual ~TemporalMetric() = default;

  /// A new clip begins.
  virtual void start() = 0;

  /// The next frame of the clip.
  ///   truth    of the same kind as `predicted`; null where the frame is not labelled
  ///   picture  CV_8UC3, RGB, of the labels' size; may be empty where no mask is measured
  ///   motion   from this frame to the one before it, of the labels' size; empty where nothing is
  ///            known, and at the first frame
  /// Nothing is kept of the arguments themselves. Throws std::invalid_argument for sizes that do
  /// not go together.
  virtual void add(const data::Label& predicted, const data::Label* truth, const cv::Mat& picture,
                   const data::Motion& motion) = 0;

  /// The first is the headline.
  virtual std::vector<Figure> figures() const = 0;

  /// {"by_frame": [...]}: accuracy by the frame's place in its clip, null where nothing is
  /// labelled.
  virtual nlohmann::json details() const = 0;
};

/// The one for a kind of label.
std::unique_ptr<TemporalMetric> temporal_metric(const data::LabelSpec& spec,
                                                const TemporalOptions& options = {});

}  // namespace manyfold::metrics
