#include "exporters/detections_check.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "common/error.h"
#include "losses/detector_decode.h"
#include "metrics/matching.h"

namespace manyfold::exporters {
namespace {

void sort_by_score(std::vector<data::Object>& objects) {
  std::stable_sort(objects.begin(), objects.end(),
                   [](const auto& a, const auto& b) { return a.score > b.score; });
}

/// Corners, then key points.
std::vector<cv::Point2f> points_of(const data::Object& object) {
  std::vector<cv::Point2f> points = {object.box.tl(), object.box.br()};
  points.insert(points.end(), object.landmarks.begin(), object.landmarks.end());
  return points;
}

double largest_coordinate(const data::Object& object) {
  double largest = 1;
  for (const auto& point : points_of(object))
    largest = std::max<double>({largest, std::abs(point.x), std::abs(point.y)});
  return largest;
}

std::string text(const data::Object& object) {
  return nlohmann::json{{"class", object.class_index},
                        {"score", object.score},
                        {"box",
                         {object.box.x, object.box.y, object.box.x + object.box.width,
                          object.box.y + object.box.height}}}
      .dump();
}

}  // namespace

DetectionsCheck::DetectionsCheck(DetectionOptions options, double tolerance)
    : options_(std::move(options)), tolerance_(tolerance) {}

void DetectionsCheck::add(const NamedOutputs& found) {
  std::vector<at::Tensor> raw;
  for (const auto& name : options_.raw) raw.push_back(found.at(name).to(at::kFloat));
  const auto labels = options_.decode(raw);
  const auto of_graph = given(found, static_cast<int64_t>(labels.size()));
  const auto all = losses::decode_detections(raw, options_.detector);
  const auto pixels = at::tensor({options_.input.width, options_.input.height}, at::kFloat);
  for (size_t row = 0; row < labels.size(); ++row) {
    const auto n = static_cast<int64_t>(row);
    const auto corners = all.box[n].unflatten(1, {2, 2});
    compare({expected(labels[row]), of_graph[row]},
            {at::cat({corners, all.landmarks[n]}, 1) * pixels, all.confidence[n]});
  }
}

std::vector<data::Object> DetectionsCheck::expected(const data::Label& label) const {
  Objects shown;
  for (const auto& object : std::get<data::Objects>(label).list) {
    if (object.score >= static_cast<float>(options_.threshold)) shown.push_back(object);
  }
  return shown;
}

// As a host takes them: of all classes together the most confident.
std::vector<std::vector<data::Object>> DetectionsCheck::given(const NamedOutputs& found,
                                                              int64_t rows) const {
  const auto output = [&](const char* what) { return found.at(options_.task + "_" + what); };
  const auto pictures = output("pictures"), classes = output("classes"), scores = output("scores"),
             boxes = output("boxes");
  const auto landmarks = options_.detector.landmarks
                             ? output("landmarks")
                             : at::zeros({pictures.size(0), 0, 2}, at::kFloat);
  const auto picture = pictures.accessor<int64_t, 1>(), of_class = classes.accessor<int64_t, 1>();
  const auto score = scores.accessor<float, 1>();
  const auto box = boxes.accessor<float, 2>();
  const auto point = landmarks.accessor<float, 3>();
  std::vector<Objects> objects(static_cast<size_t>(rows));
  for (int64_t d = 0; d < pictures.size(0); ++d) {
    data::Object object;
    object.class_index = of_class[d];
    object.score = score[d];
    object.box = cv::Rect2f(cv::Point2f(box[d][0], box[d][1]), cv::Point2f(box[d][2], box[d][3]));
    for (int64_t k = 0; k < point.size(1); ++k)
      object.landmarks.emplace_back(point[d][k][0], point[d][k][1]);
    objects.at(static_cast<size_t>(picture[d])).push_back(object);
  }
  for (auto& each : objects) {
    sort_by_score(each);
    each.resize(std::min(each.size(), static_cast<size_t>(options_.most_objects)));
  }
  return objects;
}

double DetectionsCheck::distance(const data::Object& a, const data::Object& b) const {
  if (a.class_index != b.class_index || std::abs(a.score - b.score) > tolerance_) return INFINITY;
  const auto left = points_of(a), right = points_of(b);
  double largest = 0;
  for (size_t i = 0; i < left.size(); ++i) {
    const auto gap = left[i] - right.at(i);
    if (!std::isfinite(gap.x + gap.y)) return INFINITY;
    largest = std::max<double>({largest, std::abs(gap.x), std::abs(gap.y)});
  }
  return largest;
}

bool DetectionsCheck::is_candidate(const data::Object& object, const Candidates& candidates) const {
  auto points = points_of(object);
  const auto own = at::from_blob(points.data(), {static_cast<int64_t>(points.size()), 2});
  const auto gap = (candidates.points - own).abs().amax({1, 2});
  const auto score = (candidates.confidence.select(1, object.class_index) - object.score).abs();
  return (gap <= tolerance_ * largest_coordinate(object))
      .logical_and(score <= tolerance_)
      .any()
      .item<bool>();
}

double DetectionsCheck::lowest(const Objects& side) const {
  const bool full = side.size() == static_cast<size_t>(options_.most_objects);
  return full ? side.back().score : options_.threshold;
}

bool DetectionsCheck::at_edge(const Lone& one, const Objects& others,
                              const std::vector<Lone>& lone) const {
  if (one.object.score <= lowest(others) + tolerance_) return true;
  const auto iou = [&](const data::Object& other) {
    return other.class_index == one.object.class_index ? metrics::box_iou(one.object.box, other.box)
                                                       : -1;
  };
  const bool nearly_doubled = std::any_of(others.begin(), others.end(), [&](const auto& other) {
    return std::abs(iou(other) - options_.nms_iou) <= tolerance_;
  });
  return nearly_doubled || std::any_of(lone.begin(), lone.end(), [&](const auto& other) {
           const bool either = std::abs(other.object.score - one.object.score) <= tolerance_;
           return other.side != one.side && iou(other.object) > options_.nms_iou &&
                  (other.excused || either);
         });
}

// Takes the objects that have their like from both sides; returns the others.
std::vector<DetectionsCheck::Lone> DetectionsCheck::pair_up(const std::array<Objects, 2>& sides) {
  std::vector<Lone> lone;
  auto rest = sides[1];
  for (const auto& object : sides[0]) {
    const auto like = std::min_element(rest.begin(), rest.end(), [&](const auto& a, const auto& b) {
      return distance(object, a) < distance(object, b);
    });
    const double gap = like == rest.end() ? INFINITY : distance(object, *like);
    if (gap > tolerance_ * largest_coordinate(object)) {
      lone.push_back({object, 0});
      continue;
    }
    largest_pixels_ = std::max(largest_pixels_, gap);
    largest_score_ = std::max<double>(largest_score_, std::abs(object.score - like->score));
    rest.erase(like);
  }
  for (const auto& object : rest) lone.push_back({object, 1});
  return lone;
}

void DetectionsCheck::compare(const std::array<Objects, 2>& sides, const Candidates& candidates) {
  objects_ += static_cast<int64_t>(sides[0].size());
  auto lone = pair_up(sides);
  // What was suppressed is less confident than what suppressed it.
  std::stable_sort(lone.begin(), lone.end(),
                   [](const auto& a, const auto& b) { return a.object.score > b.object.score; });
  for (auto& each : lone) {
    each.excused =
        is_candidate(each.object, candidates) && at_edge(each, sides[1 - each.side], lone);
    at_an_edge_ += each.excused;
    if (each.excused || different_++ > 0) continue;
    first_ = std::string(each.side ? "the graph" : "the decoder") + " alone has " +
             text(each.object) + " in picture " + std::to_string(pictures_);
  }
  ++pictures_;
}

void DetectionsCheck::require() const {
  if (different_ == 0) return;
  throw UserError("export: the detections of " + options_.task +
                  " in the graph are not those of the decoder (tolerance " +
                  nlohmann::json(tolerance_).dump() + "): " + std::to_string(different_) +
                  " differ; " + first_ +
                  "; nothing was written; raise the tolerance, or export "
                  "without them (export.nms=false)");
}

nlohmann::json DetectionsCheck::json() const {
  return {{"pictures", pictures_},
          {"objects", objects_},
          {"max_score_difference", largest_score_},
          {"max_pixels_difference", largest_pixels_},
          {"at_an_edge", at_an_edge_},
          {"different", different_},
          {"tolerance", tolerance_}};
}

}  // namespace manyfold::exporters
