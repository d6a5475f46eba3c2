#include "train/tasks/faces.h"

#include <algorithm>
#include <cmath>

#include "losses/ensemble.h"
#include "losses/imitation.h"
#include "losses/ssld.h"
#include "losses/ssld_decode.h"
#include "metrics/matching.h"
#include "models/heads.h"

namespace manyfold::train {
namespace {

using torch::Tensor;

/// What is wrong with the key points that become each other in a mirror; empty when nothing is.
std::string mirror_problem(const std::vector<int64_t>& mirrored) {
  const auto count = static_cast<int64_t>(mirrored.size());
  for (int64_t k = 0; k < count; ++k) {
    const auto other = mirrored[static_cast<size_t>(k)];
    const auto pair = "key point " + std::to_string(k) + " becomes " + std::to_string(other);
    if (other < 0 || other >= count) {
      return "where " + pair + ", must be from 0 to " + std::to_string(count - 1);
    }
    const auto back = mirrored[static_cast<size_t>(other)];
    if (back == k) continue;
    return "where " + pair + ", but " + std::to_string(other) + " becomes " + std::to_string(back) +
           ": a mirror swaps pairs, so entry " + std::to_string(other) + " must be " +
           std::to_string(k);
  }
  return "";
}

/// The figure that is the mean error of the key points: in units of the eyes' distance where the
/// metric knows the eyes, else of the box's size. NaN where no key points were.
const char* point_error(const std::vector<metrics::Figure>& figures) {
  const bool by_eyes = std::any_of(figures.begin(), figures.end(),
                                   [](const auto& figure) { return figure.name == "nme"; });
  return by_eyes ? "nme" : "nme_box";
}

/// Keeps, from the most confident on, what overlaps nothing kept by more than `iou`.
std::vector<data::Object> suppress_doubles(const std::vector<data::Object>& sorted, double iou,
                                           size_t most) {
  std::vector<data::Object> kept;
  for (const auto& object : sorted) {
    if (kept.size() == most) break;
    const bool doubled = std::any_of(kept.begin(), kept.end(), [&](const auto& other) {
      return metrics::box_iou(object.box, other.box) > iou;
    });
    if (!doubled) kept.push_back(object);
  }
  return kept;
}

/// The candidates of one picture with at least `lowest` confidence, the most confident first.
std::vector<data::Object> candidates(const losses::SsldDetections& all, int64_t row, double lowest,
                                     cv::Size input) {
  const auto confidence = all.confidence[row];
  const auto order = std::get<1>(confidence.sort(/*stable=*/true, /*dim=*/0, /*descending=*/true));
  const auto scale =
      torch::tensor({static_cast<float>(input.width), static_cast<float>(input.height)});
  const auto count = (confidence >= lowest).sum().item<int64_t>();
  const auto chosen = order.narrow(0, 0, count);
  const auto scores = confidence.index_select(0, chosen);
  const auto boxes =
      (all.box[row].index_select(0, chosen).view({count, 2, 2}) * scale).contiguous();
  const auto points = (all.landmarks[row].index_select(0, chosen) * scale).contiguous();
  const auto box = boxes.accessor<float, 3>(), point = points.accessor<float, 3>();
  std::vector<data::Object> objects(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    auto& object = objects[static_cast<size_t>(i)];
    object.box = cv::Rect2f(cv::Point2f(box[i][0][0], box[i][0][1]),
                            cv::Point2f(box[i][1][0], box[i][1][1]));
    object.score = scores[i].item<float>();
    for (int64_t k = 0; k < point.size(1); ++k)
      object.landmarks.emplace_back(point[i][k][0], point[i][k][1]);
    object.visible.assign(object.landmarks.size(), 1);
  }
  return objects;
}

}  // namespace

void FacesTask::fields(config::Fields& f) {
  f.field("class_name", class_name_, "What one object is called.");
  f.field("landmarks", ssld_.landmarks, "Key points of each object; 0 = boxes alone.",
          config::at_least(0));
  f.section("ssld", ssld_, "What the outputs mean and how they are learnt.");
  mirrored_ = mirrored_landmarks(ssld_.landmarks);
  f.field("mirrored", mirrored_,
          "Which key point each becomes in a mirrored picture; known for 68 (iBUG) and 5.",
          config::at_least(0));
  f.require(mirrored_.empty() || static_cast<int64_t>(mirrored_.size()) == ssld_.landmarks,
            "mirrored", "must have one number for each key point");
  const auto problem = mirror_problem(mirrored_);
  f.require(problem.empty(), "mirrored", problem);
  f.field("stride", stride_, "Pixels of a cell of the grid: 8 or 16.", config::between(8, 16));
  f.require(stride_ == 8 || stride_ == 16, "stride", "must be 8 or 16");
  f.field("width", width_, "Hidden channels of the head; 0 = what suits the encoder.",
          config::at_least(0));
  f.field("threshold", threshold_,
          "Confidence from which an object is shown, and counted in recall and precision.",
          config::between(0, 1));
  f.field("nms_iou", nms_iou_, "Of two objects that overlap more, only the more confident is kept.",
          config::between(0, 1));
  f.field("lowest_score", lowest_score_,
          "Confidence from which objects enter the average precision.", config::between(0, 1));
  f.field("most_objects", most_objects_, "Objects kept in one picture.", config::at_least(1));
  f.section("metric", metric_, "How validation is reported.");
  metric_.operating_score = threshold_;
}

data::LabelSpec FacesTask::label() const {
  data::LabelSpec spec;
  spec.kind = data::LabelSpec::Kind::objects;
  spec.classes = {class_name_};
  spec.landmarks = ssld_.landmarks;
  spec.mirrored_landmark = mirrored_;
  return spec;
}

std::shared_ptr<models::Head> FacesTask::make_head(
    const std::vector<models::FeatureInfo>& features) const {
  models::HeadOptions options;
  options.landmarks = ssld_.landmarks;
  options.anchors = ssld_.anchor_count();
  options.stride = stride_;
  options.width = width_;
  return models::heads().at("faces")(features, options);
}

Terms FacesTask::loss(const std::vector<Tensor>& outputs, const data::Labels& labels) const {
  const losses::SsldLabels objects = {labels.present,
                                      labels.count.flatten(0, 1),
                                      labels.box.flatten(0, 1),
                                      labels.object_class.flatten(0, 1),
                                      labels.landmarks.flatten(0, 1),
                                      labels.visible.flatten(0, 1)};
  Terms terms;
  for (const auto& [name, value] : losses::ssld_loss(outputs.at(0), objects, ssld_))
    terms.push_back({name, value});
  return terms;
}

Tensor FacesTask::imitation(const std::vector<Tensor>& outputs, const std::vector<Tensor>& teacher,
                            double /*temperature*/) const {
  return losses::imitate_objects(outputs.at(0), teacher.at(0), ssld_);
}

std::vector<Tensor> FacesTask::essence(const std::vector<Tensor>& outputs) const {
  return {losses::essence_of_objects(outputs.at(0), ssld_)};
}

std::vector<Tensor> FacesTask::blend(const std::vector<std::vector<Tensor>>& answers,
                                     const std::vector<double>& weights, double /*temperature*/,
                                     bool /*by_confidence*/) const {
  return {losses::blend_objects(only_outputs(answers), weights, ssld_)};
}

std::map<std::string, std::vector<int64_t>> FacesTask::output_parts() const {
  std::map<std::string, std::vector<int64_t>> parts;
  for (int64_t anchor = 0; anchor < ssld_.anchor_count(); ++anchor) {
    for (int64_t number = 0; number < ssld_.depth(); ++number) {
      const auto* part = number < 4 ? "box" : number == 4 ? "score" : "landmarks";
      parts[part].push_back(anchor * ssld_.depth() + number);
    }
  }
  return parts;
}

std::vector<data::Label> FacesTask::decode(const std::vector<Tensor>& outputs,
                                           cv::Size input) const {
  const auto all = losses::ssld_decode(outputs.at(0), ssld_);
  std::vector<data::Label> labels;
  for (int64_t row = 0; row < all.confidence.size(0); ++row) {
    labels.emplace_back(
        data::Objects{{suppress_doubles(candidates(all, row, lowest_score_, input), nms_iou_,
                                        static_cast<size_t>(most_objects_))}});
  }
  return labels;
}

std::unique_ptr<metrics::Metric> FacesTask::metric() const {
  return std::make_unique<metrics::ObjectsMetric>(std::vector<std::string>{class_name_},
                                                  ssld_.landmarks, metric_);
}

double FacesTask::score(const std::vector<metrics::Figure>& figures) const {
  const double precision = figures.at(0).value;  // named by metric.iou: ap50, ap75
  if (ssld_.landmarks == 0) return precision;
  const double error = metrics::value_of(figures, point_error(figures));
  // A set may label boxes alone.
  return std::isfinite(error) ? (precision + std::max(0.0, 1 - error)) / 2 : precision;
}

std::vector<GateLimit> FacesTask::gate() const {
  const auto figures = metric()->figures();
  std::vector<GateLimit> limits = {{figures.at(0).name, 0.01}};
  if (ssld_.landmarks > 0) limits.push_back({point_error(figures), 0.02, /*relative=*/true});
  return limits;
}

nlohmann::json FacesTask::describe() const {
  return {{"type", "faces"},
          {"classes", {class_name_}},
          {"landmarks", ssld_.landmarks},
          {"anchors", ssld_.anchors},
          {"stride", stride_},
          {"layout", "for each anchor: tx ty tw th to, then u v of each key point"},
          {"points", ssld_.points == losses::SsldOptions::Points::box
                         ? "box"
                         : (ssld_.points == losses::SsldOptions::Points::cell ? "cell" : "anchor")},
          {"threshold", threshold_},
          {"nms_iou", nms_iou_}};
}

std::vector<int64_t> mirrored_landmarks(int64_t landmarks) {
  if (landmarks == 5) return {1, 0, 2, 4, 3};
  if (landmarks != 68) return {};
  std::vector<int64_t> mirrored(68);
  const auto mirror = [&](std::initializer_list<int64_t> left,
                          std::initializer_list<int64_t> right) {
    auto r = right.begin();
    for (const auto l : left) {
      mirrored[static_cast<size_t>(l)] = *r;
      mirrored[static_cast<size_t>(*r++)] = l;
    }
  };
  mirror({0, 1, 2, 3, 4, 5, 6, 7, 8}, {16, 15, 14, 13, 12, 11, 10, 9, 8});  // jaw
  mirror({17, 18, 19, 20, 21}, {26, 25, 24, 23, 22});                       // brows
  mirror({27, 28, 29, 30, 31, 32, 33}, {27, 28, 29, 30, 35, 34, 33});       // nose
  mirror({36, 37, 38, 39, 40, 41}, {45, 44, 43, 42, 47, 46});               // eyes
  mirror({48, 49, 50, 51, 58, 59, 57}, {54, 53, 52, 51, 56, 55, 57});       // lips, outside
  mirror({60, 61, 62, 67, 66}, {64, 63, 62, 65, 66});                       // lips, inside
  return mirrored;
}

}  // namespace manyfold::train
