#pragma once

#include <optional>
#include <string>
#include <vector>

#include "metrics/mean.h"
#include "metrics/temporal/metric.h"
#include "metrics/temporal/over_time.h"

namespace manyfold::metrics {

/// Masks (data::Mask) in time. Pixels whose truth is Mask::kIgnore count nowhere. Figures:
///   flicker        share of static pixels that change their class from frame to frame; static is
///                  what the motion says does not move, or, where no motion is given, where two
///                  pictures show the same
///   class_changes  the same share of all pixels whose motion is known, whatever moves
///   warped_iou     IoU of each mask with the one before it, moved as the motion says; the mean
///                  over the classes other than the background (class 0)
/// and of labelled frames:
///   false_changes  share of the pixels whose true class stays that change their class
///   dtssd          root mean square difference between predicted and true changes of the classes
///                  other than the background, the mean over pairs of frames
///   miou_first, miou_last   miou (see SegmentationMetric) over the first, and the last,
///                  `trained_frames` of clips at least twice as long; `_first` and `_last` of
///                  flicker and warped_iou are those of the same frames
class TemporalMaskMetric : public TemporalMetric {
 public:
  /// Names of 2 classes or more, the background first.
  explicit TemporalMaskMetric(std::vector<std::string> classes,
                              const TemporalOptions& options = {});

  void start() override;
  void add(const data::Label& predicted, const data::Label* truth, const cv::Mat& picture,
           const data::Motion& motion) override;
  std::vector<Figure> figures() const override;
  nlohmann::json details() const override;

 private:
  struct Moment {
    cv::Mat predicted, truth;  // CV_8UC1; truth is empty where the frame is not labelled
    cv::Mat counted;           // CV_8UC1, 0 at pixels that the truth ignores
    cv::Mat picture;
  };

  cv::Mat static_between(const Moment& now, const data::Motion& motion) const;
  void add_change(const Moment& now, const data::Motion& motion);
  void add_change_against_truth(const Moment& now, const cv::Mat& counted);
  std::vector<Mean> overlaps(const Moment& now) const;

  size_t classes_;
  TemporalOptions options_;
  std::optional<Moment> last_;
  Mean changes_, false_changes_, dtssd_;
  OverTime flicker_, warped_, miou_;  // of warped_, class 0 stays empty
};

}  // namespace manyfold::metrics
