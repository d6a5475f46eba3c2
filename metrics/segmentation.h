#pragma once

#include <string>
#include <vector>

#include "common/config/fields.h"
#include "metrics/boundary.h"
#include "metrics/confusion.h"
#include "metrics/metric.h"

namespace manyfold::metrics {

struct SegmentationOptions {
  /// How far apart two contours may be and still agree. 0.0075 of the diagonal is 1.7 px at
  /// 160x160.
  double boundary_radius = 0.0075;
  std::string boundary_unit = "diagonal";

  void fields(config::Fields& f) {
    f.field("boundary_radius", boundary_radius,
            "How far apart two contours may be and still agree, for the boundary F1.",
            config::at_least(0));
    f.field("boundary_unit", boundary_unit,
            "What boundary_radius counts: pixels, or shares of the mask's diagonal.",
            {"diagonal", "pixels"});
  }
};

/// Masks (data::Mask), pixel by pixel; pixels whose truth is Mask::kIgnore count nowhere. Figures:
///   miou            mean over the classes, the background included, that occur in truth or
///                   prediction; intersections and unions are summed over the set first
///   <class>_iou     of each class
///   pixel_accuracy
///   boundary_f1     mean over the classes other than the background (class 0) that have contours
class SegmentationMetric : public Metric {
 public:
  explicit SegmentationMetric(std::vector<std::string> classes,
                              const SegmentationOptions& options = {});

  void add(const data::Label& predicted, const data::Label& truth) override;
  std::vector<Figure> figures() const override;
  nlohmann::json details() const override;

 private:
  double radius(cv::Size size) const;

  SegmentationOptions options_;
  ConfusionMatrix confusion_;
  std::vector<BoundaryCounts> boundaries_;  // by class; [0] stays empty
  int64_t pictures_ = 0;
};

}  // namespace manyfold::metrics
