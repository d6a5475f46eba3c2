#pragma once

#include <string>
#include <vector>

#include "common/config/fields.h"
#include "metrics/coco_average_precision.h"
#include "metrics/metric.h"
#include "metrics/ranking.h"

namespace manyfold::metrics {

struct ObjectsOptions {
  double iou = 0.5;
  /// Detections from this score on count for recall and precision. Not a key of the config: it is
  /// the score from which the task shows them.
  double operating_score = 0.5;
  /// Objects at least this large, sqrt(w * h) in the pixels of the labels, get an average precision
  /// of their own; 0 = no such figure.
  double minimum_size = 12;
  /// Where false alarms are counted, in (0, 1].
  double fixed_recall = 0.8;

  void fields(config::Fields& f) {
    f.field("iou", iou, "Overlap from which a detection has found an object.",
            config::Range{0, 1, true, false});
    f.field("minimum_size", minimum_size,
            "Objects from this size on, sqrt(w h) in pixels of the network's input, get an average "
            "precision of their own; 0: none.",
            config::at_least(0));
    f.field("fixed_recall", fixed_recall,
            "Share of a class's objects that must be found where false alarms in a picture are "
            "counted: 0.8 is fp_per_picture_at_recall_80.",
            config::Range{0, 1, true, false});
  }
};

/// Boxes, with key points where the task has them (data::Objects). Detections and objects are
/// matched as match_objects() says. Where nobody looked for a class in a picture
/// (Objects::labelled), nothing of that class counts. Predictions should reach down to low scores:
/// average precision needs the whole curve. Figures, with `iou` = 0.5 and `fixed_recall` = 0.8:
///   ap50           average precision, all-point; the mean over the classes that occur
///   <class>_ap50   of each class, when there are several
///   ap50_101       COCO's 101-point form
///   ap50_95        COCO's AP, the mean over IoUs from 0.50 to 0.95: see CocoAveragePrecision
///   ap50_min12     all-point, of objects of at least minimum_size (smaller ones are ignored)
///   recall, precision   at operating_score, classes pooled
///   fp_per_picture_at_recall_80
///                  false alarms in a picture when the score is the highest from which 80 % of a
///                  class's objects are found: each class with a score of its own, and over the
///                  pictures in which it was looked for; the sum over the classes that occur. NaN
///                  when one of them never reaches that recall, with whatever score.
///   <class>_fp_per_picture_at_recall_80   of each class, when there are several
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
  using List = std::vector<data::Object>;

  void check(const List& predicted, const data::Objects& truth) const;
  void rank(const List& predicted, const List& truth, const std::vector<Match>& matches,
            const Counts& counts, std::vector<Ranking>& rankings) const;
  void add_landmarks(const List& predicted, const List& truth, const std::vector<Match>& matches);
  void precision_figures(std::vector<Figure>& figures) const;
  void score_figures(std::vector<Figure>& figures) const;
  void false_alarm_figures(std::vector<Figure>& figures) const;
  void landmark_figures(std::vector<Figure>& figures) const;

  std::vector<std::string> classes_;
  int64_t landmarks_;
  ObjectsOptions options_;
  std::vector<Ranking> all_, large_;  // by class
  CocoAveragePrecision coco_;
  std::vector<int64_t> pictures_;  // in which each class was looked for
  int64_t all_pictures_ = 0;
  std::vector<double> eye_errors_;           // infinite for a miss
  std::vector<double> box_errors_;           // without misses
  int64_t with_landmarks_ = 0, misses_ = 0;  // faces
};

}  // namespace manyfold::metrics
