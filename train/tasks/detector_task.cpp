#include "train/tasks/detector_task.h"

#include <algorithm>

#include "common/error.h"
#include "losses/detector.h"
#include "losses/detector_decode.h"
#include "losses/ensemble.h"
#include "losses/imitation.h"
#include "metrics/matching.h"
#include "models/heads.h"

namespace manyfold::train {
namespace {

using torch::Tensor;

/// Refuses strides of which the encoder has no map.
void require_maps(const std::vector<models::FeatureInfo>& features,
                  const std::vector<int64_t>& strides) {
  std::vector<int64_t> known;
  for (const auto& info : features) known.push_back(info.stride);
  for (const auto stride : strides) {
    if (std::count(known.begin(), known.end(), stride) > 0) continue;
    throw ConfigError("detector.strides = " + nlohmann::json(strides).dump() +
                      ", but the encoder has maps at strides " + nlohmann::json(known).dump());
  }
}

/// Keeps, from the most confident on, what overlaps nothing kept of its class by more than `iou`.
std::vector<data::Object> suppress_doubles(const std::vector<data::Object>& sorted, double iou,
                                           size_t most) {
  std::vector<data::Object> kept;
  for (const auto& object : sorted) {
    if (kept.size() == most) break;
    const bool doubled = std::any_of(kept.begin(), kept.end(), [&](const auto& other) {
      return object.class_index == other.class_index &&
             metrics::box_iou(object.box, other.box) > iou;
    });
    if (!doubled) kept.push_back(object);
  }
  return kept;
}

/// The candidates of one picture, one for each class of which they have at least `lowest`
/// confidence, the most confident first.
std::vector<data::Object> candidates(const losses::Detections& all, int64_t row, double lowest,
                                     cv::Size input) {
  const auto classes = all.confidence.size(2);
  const auto confidence = all.confidence[row].flatten();
  const auto [sorted, order] = confidence.sort(/*stable=*/true, /*dim=*/0, /*descending=*/true);
  const auto count = (confidence >= lowest).sum().item<int64_t>();
  const auto place = order.narrow(0, 0, count).div(classes, "floor");
  const auto scale =
      torch::tensor({static_cast<float>(input.width), static_cast<float>(input.height)});
  const auto boxes = (all.box[row].index_select(0, place).view({count, 2, 2}) * scale).contiguous();
  const auto points = (all.landmarks[row].index_select(0, place) * scale).contiguous();
  const auto score = sorted.accessor<float, 1>();
  const auto rank = order.accessor<int64_t, 1>();
  const auto box = boxes.accessor<float, 3>(), point = points.accessor<float, 3>();
  std::vector<data::Object> objects(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    auto& object = objects[static_cast<size_t>(i)];
    object.box = cv::Rect2f(cv::Point2f(box[i][0][0], box[i][0][1]),
                            cv::Point2f(box[i][1][0], box[i][1][1]));
    object.class_index = rank[i] % classes;
    object.score = score[i];
    for (int64_t k = 0; k < point.size(1); ++k)
      object.landmarks.emplace_back(point[i][k][0], point[i][k][1]);
    object.visible.assign(object.landmarks.size(), 1);
  }
  return objects;
}

}  // namespace

DetectorTask::DetectorTask(std::vector<std::string> classes, losses::DetectorOptions detector)
    : classes_(std::move(classes)), detector_(std::move(detector)) {}

void DetectorTask::detector_fields(config::Fields& f) {
  detector_.classes = static_cast<int64_t>(classes_.size());
  f.section("detector", detector_, "What the outputs mean and how they are learnt.");
  f.field("width", width_, "Hidden channels of the head; 0 = what suits the encoder.",
          config::at_least(0));
  f.field("threshold", threshold_,
          "Confidence from which an object is shown, and counted in recall and precision.",
          config::between(0, 1));
  f.field("nms_iou", nms_iou_,
          "Of two objects of a class that overlap more, only the more confident is kept.",
          config::between(0, 1));
  f.field("lowest_score", lowest_score_,
          "Confidence from which objects enter the average precision.", config::between(0, 1));
  f.field("most_objects", most_objects_, "Objects kept in one picture.", config::at_least(1));
  f.section("metric", metric_, "How validation is reported.");
  metric_.operating_score = threshold_;
}

data::LabelSpec DetectorTask::label() const {
  data::LabelSpec spec;
  spec.kind = data::LabelSpec::Kind::objects;
  spec.classes = classes_;
  spec.landmarks = detector_.landmarks;
  return spec;
}

std::shared_ptr<models::Head> DetectorTask::make_head(
    const std::vector<models::FeatureInfo>& features) const {
  require_maps(features, detector_.strides);
  models::HeadOptions options;
  options.classes = detector_.classes;
  options.landmarks = detector_.landmarks;
  options.anchors = detector_.anchors_per_level();
  options.strides = detector_.strides;
  options.width = width_;
  return models::heads().at("detector")(features, options);
}

Terms DetectorTask::loss(const std::vector<Tensor>& outputs, const data::Labels& labels) const {
  const losses::DetectorLabels objects = {labels.present,      labels.count,     labels.box,
                                          labels.object_class, labels.landmarks, labels.visible,
                                          labels.labelled};
  Terms terms;
  for (const auto& [name, value] : losses::detector_loss(outputs, objects, detector_))
    terms.push_back({name, value});
  return terms;
}

Tensor DetectorTask::imitation(const std::vector<Tensor>& outputs,
                               const std::vector<Tensor>& teacher, double /*temperature*/) const {
  return losses::imitate_objects(outputs, teacher, detector_);
}

std::vector<Tensor> DetectorTask::essence(const std::vector<Tensor>& outputs) const {
  return losses::essence_of_objects(outputs, detector_);
}

std::vector<Tensor> DetectorTask::blend(const std::vector<std::vector<Tensor>>& answers,
                                        const std::vector<double>& weights, double /*temperature*/,
                                        bool /*by_confidence*/) const {
  return losses::blend_objects(answers, weights, detector_);
}

std::map<std::string, std::vector<int64_t>> DetectorTask::output_parts() const {
  std::map<std::string, std::vector<int64_t>> parts;
  for (int64_t anchor = 0; anchor < detector_.anchors_per_level(); ++anchor) {
    for (int64_t number = 0; number < detector_.depth(); ++number) {
      const auto* part = number < 4                       ? "box"
                         : number < 4 + detector_.classes ? "score"
                                                          : "landmarks";
      parts[part].push_back(anchor * detector_.depth() + number);
    }
  }
  return parts;
}

std::vector<data::Label> DetectorTask::decode(const std::vector<Tensor>& outputs,
                                              cv::Size input) const {
  const auto all = losses::decode_detections(outputs, detector_);
  std::vector<data::Label> labels;
  for (int64_t row = 0; row < all.confidence.size(0); ++row) {
    data::Objects objects;
    objects.list = suppress_doubles(candidates(all, row, lowest_score_, input), nms_iou_,
                                    static_cast<size_t>(most_objects_));
    labels.emplace_back(std::move(objects));
  }
  return labels;
}

DetectorTask::Suppression DetectorTask::suppression() const {
  return {std::max(threshold_, lowest_score_), nms_iou_, most_objects_};
}

std::unique_ptr<metrics::Metric> DetectorTask::metric() const {
  return std::make_unique<metrics::ObjectsMetric>(classes_, detector_.landmarks, metric_);
}

double DetectorTask::score(const std::vector<metrics::Figure>& figures) const {
  return figures.at(0).value;  // named by metric.iou: ap50, ap75
}

std::vector<GateLimit> DetectorTask::gate() const {
  return {{metric()->figures().at(0).name, 0.01}};
}

nlohmann::json DetectorTask::describe() const {
  return {{"classes", classes_},
          {"anchors", detector_.anchors},
          {"strides", detector_.strides},
          {"layout",
           "an output for each stride, with as many of the anchors, in order; for each anchor: tx "
           "ty tw th, a confidence for each class, then u v of each key point"},
          {"threshold", threshold_},
          {"nms_iou", nms_iou_}};
}

}  // namespace manyfold::train
