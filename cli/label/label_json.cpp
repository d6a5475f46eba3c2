#include "cli/label/label_json.h"

#include <cmath>

namespace manyfold::cli {
namespace {

using nlohmann::json;

/// Tenths of a pixel are all that a prediction can mean.
double rounded(float value) { return std::round(static_cast<double>(value) * 10) / 10; }

json object_json(const data::Object& object, const data::LabelSpec& spec) {
  json landmarks = json::array();
  for (const auto& point : object.landmarks)
    landmarks.push_back({rounded(point.x), rounded(point.y)});
  json result = {{"class", spec.classes.at(static_cast<size_t>(object.class_index))},
                 {"score", std::round(object.score * 1e4) / 1e4},
                 {"box",
                  {rounded(object.box.x), rounded(object.box.y), rounded(object.box.width),
                   rounded(object.box.height)}}};
  if (!landmarks.empty()) result["landmarks"] = landmarks;
  return result;
}

json shares_json(const cv::Mat& mask, const data::LabelSpec& spec) {
  json shares = json::object();
  for (size_t c = 0; c < spec.classes.size(); ++c) {
    const double share = static_cast<double>(cv::countNonZero(mask == static_cast<int>(c))) /
                         static_cast<double>(mask.total());
    shares[spec.classes[c]] = std::round(share * 1e4) / 1e4;
  }
  return {{"shares", shares}};
}

}  // namespace

json label_json(const data::Label& label, const data::LabelSpec& spec, double least_score) {
  if (const auto* mask = std::get_if<data::Mask>(&label)) return shares_json(mask->classes, spec);
  if (const auto* index = std::get_if<data::ClassIndex>(&label)) {
    return {{"class", spec.classes.at(static_cast<size_t>(index->index))},
            {"score", std::round(index->score * 1e4) / 1e4}};
  }
  json objects = json::array();
  for (const auto& object : std::get<data::Objects>(label).list) {
    if (object.score >= least_score) objects.push_back(object_json(object, spec));
  }
  return {{"objects", objects}};
}

}  // namespace manyfold::cli
