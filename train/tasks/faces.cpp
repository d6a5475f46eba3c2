#include "train/tasks/faces.h"

#include <algorithm>
#include <cmath>

namespace manyfold::train {
namespace {

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

const char* word(losses::DetectorOptions::Points points) {
  using Points = losses::DetectorOptions::Points;
  return points == Points::box ? "box" : points == Points::cell ? "cell" : "anchor";
}

/// The figure that is the mean error of the key points: in units of the eyes' distance where the
/// metric knows the eyes, else of the box's size. NaN where no key points were.
const char* point_error(const std::vector<metrics::Figure>& figures) {
  const bool by_eyes = std::any_of(figures.begin(), figures.end(),
                                   [](const auto& figure) { return figure.name == "nme"; });
  return by_eyes ? "nme" : "nme_box";
}

}  // namespace

FacesTask::FacesTask() : DetectorTask({"face"}, {}) {}

void FacesTask::fields(config::Fields& f) {
  f.field("class_name", classes_.front(), "What one object is called.");
  f.field("landmarks", detector_.landmarks, "Key points of each object; 0 = boxes alone.",
          config::at_least(0));
  mirrored_ = mirrored_landmarks(detector_.landmarks);
  f.field("mirrored", mirrored_,
          "Which key point each becomes in a mirrored picture; known for 68 (iBUG) and 5.",
          config::at_least(0));
  f.require(mirrored_.empty() || static_cast<int64_t>(mirrored_.size()) == detector_.landmarks,
            "mirrored", "must have one number for each key point");
  const auto problem = mirror_problem(mirrored_);
  f.require(problem.empty(), "mirrored", problem);
  detector_fields(f);
}

data::LabelSpec FacesTask::label() const {
  auto spec = DetectorTask::label();
  spec.mirrored_landmark = mirrored_;
  return spec;
}

double FacesTask::score(const std::vector<metrics::Figure>& figures) const {
  const double precision = DetectorTask::score(figures);
  if (detector_.landmarks == 0) return precision;
  const double error = metrics::value_of(figures, point_error(figures));
  // A set may label boxes alone.
  return std::isfinite(error) ? (precision + std::max(0.0, 1 - error)) / 2 : precision;
}

std::vector<GateLimit> FacesTask::gate() const {
  auto limits = DetectorTask::gate();
  if (detector_.landmarks > 0)
    limits.push_back({point_error(metric()->figures()), 0.02, /*relative=*/true});
  return limits;
}

nlohmann::json FacesTask::describe() const {
  auto description = DetectorTask::describe();
  description["type"] = "faces";
  description["landmarks"] = detector_.landmarks;
  description["points"] = word(detector_.points);
  return description;
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
