#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/config/fields.h"
#include "metrics/matching.h"
#include "metrics/metric.h"

namespace manyfold::metrics {

struct ObjectsOptions {
  double iou = 0.5;
  /// Detections from this score on count for recall and precision. Not a key of the config: it is
  /// the score from which the task shows them.
  double operating_score = 0.5;
  /// Objects at least this large, sqrt(w * h) in the pixels of the labels, get an average precision
  /// of their own; 0 = no such figure.
  double minimum_size = 12;

  void fields(config::Fields& f) {
    f.field("iou", iou, "Overlap from which a detection has found an object.",
            config::Range{0, 1, true, false});
    f.field("minimum_size", minimum_size,
            "Objects from this size on, sqrt(w h) in pixels of the network's input, get an average "
            "precision of their own; 0: none.",
            config::at_least(0));
  }
};

/// Boxes, with key points where the task has them (data::Objects). Detections and objects are
/// matched as match_objects() says. Predictions should reach down to low scores: average precision
/// needs the whole curve. Figures, with `iou` = 0.5:
///   ap50           average precision, all-point; the mean over the classes that occur
///   <class>_ap50   of each class, when there are several
///   ap50_101       COCO's 101-point form
///   ap50_min12     all-point, of objects of at least minimum_size (smaller ones are ignored)
///   recall, precision   at operating_score, classes pooled
/// and with key points, over the objects that have any (a match may have any score):
///   nme            mean point error / inter-ocular distance, averaged over the faces found; for 68
///                  or 5 points
///   nme_median
///   nme_box        mean point error / sqrt(w h) of the true box
///   fr08, fr10     share of faces with an inter-ocular error above 0.08 and 0.10; a missed face is
///                  a failure
///   auc08, auc10   area under the cumulative error curve; a missed face has an infinite error
///   misses         objects with key points that no detection found, which nme cannot see
class ObjectsMetric : public Metric {
 public:
  /// `landmarks`: key points of each object; 0 = boxes only.
  ObjectsMetric(std::vector<std::string> classes, int64_t landmarks,
                const ObjectsOptions& options = {});

  void add(const data::Label& predicted, const data::Label& truth) override;
  std::vector<Figure> figures() const override;
  /// Precision and recall by score of every class, and the distribution of the landmark errors.
  nlohmann::json details() const override;

 private:
  using Frame = std::vector<data::Object>;
  /// The detections of one class, and the objects there were.
  struct Ranking {
    std::vector<std::pair<float, bool>> detections;  // score, hit
    int64_t truths = 0;
    /// By descending score.
    std::vector<std::pair<float, bool>> sorted() const;
    std::vector<bool> hits() const;
  };

  void add_frame(const Frame& predicted, const Frame& truth);
  void rank(const Frame& predicted, const Frame& truth, const std::vector<Match>& matches,
            const Counts& counts, std::vector<Ranking>& rankings) const;
  void add_landmarks(const Frame& predicted, const Frame& truth, const std::vector<Match>& matches);
  void detection_figures(std::vector<Figure>& figures) const;
  void landmark_figures(std::vector<Figure>& figures) const;

  std::vector<std::string> classes_;
  int64_t landmarks_;
  ObjectsOptions options_;
  std::vector<Ranking> all_, large_;         // by class
  std::vector<double> eye_errors_;           // infinite for a miss
  std::vector<double> box_errors_;           // without misses
  int64_t with_landmarks_ = 0, misses_ = 0;  // faces
};

}  // namespace manyfold::metrics
