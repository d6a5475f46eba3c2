#include "report/overlay.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "report/lettering.h"

namespace manyfold::report {
namespace {

using data::ClassIndex;
using data::LabelSpec;
using data::Mask;
using data::Object;
using data::Objects;

const cv::Scalar kGrey(150, 150, 150);
const cv::Scalar kBlack(0, 0, 0);
constexpr double kOpacity = 0.45;  // of a mask's tint
constexpr double kIgnoredOpacity = 0.75;

std::string class_name(const LabelSpec& spec, int64_t index) {
  const bool known = index >= 0 && index < static_cast<int64_t>(spec.classes.size());
  return known ? spec.classes[static_cast<size_t>(index)] : fmt::format("class {}", index);
}

/// "face 0.93", "face", "0.93" or nothing, as the style has it.
std::string caption(const LabelSpec& spec, int64_t index, float score, const OverlayStyle& style) {
  std::string text = style.names ? class_name(spec, index) : std::string();
  if (style.scores) text += fmt::format("{}{:.2f}", text.empty() ? "" : " ", score);
  return text;
}

void tint(cv::Mat& rgb, const cv::Mat& where, const cv::Scalar& colour, double opacity) {
  cv::Mat blended;
  cv::addWeighted(rgb, 1 - opacity, cv::Mat(rgb.size(), CV_8UC3, colour), opacity, 0, blended);
  blended.copyTo(rgb, where);
}

void outline(cv::Mat& rgb, const cv::Mat& where, const cv::Scalar& colour, int line) {
  std::vector<std::vector<cv::Point>> contours;
  cv::findContours(where, contours, cv::RETR_CCOMP, cv::CHAIN_APPROX_NONE);
  cv::drawContours(rgb, contours, -1, colour, line, cv::LINE_8);
}

void draw_mask(cv::Mat& rgb, const cv::Mat& mask) {
  if (mask.type() != CV_8UC1 || mask.size() != rgb.size()) {
    throw std::invalid_argument(fmt::format("draw: a mask of {}x{} on a picture of {}x{}",
                                            mask.cols, mask.rows, rgb.cols, rgb.rows));
  }
  std::array<bool, 256> seen{};
  for (int y = 0; y < mask.rows; ++y) {
    for (int x = 0; x < mask.cols; ++x) seen[mask.at<uint8_t>(y, x)] = true;
  }
  for (int c = 1; c < 256; ++c) {
    if (!seen[c]) continue;
    const bool ignored = c == Mask::kIgnore;
    const cv::Mat where = mask == c;
    const cv::Scalar colour = class_colour(c - 1);
    tint(rgb, where, ignored ? kGrey : colour, ignored ? kIgnoredOpacity : kOpacity);
    if (!ignored) outline(rgb, where, colour, Pen(rgb.size()).line);
  }
}

void dashed_box(cv::Mat& rgb, const cv::Rect& box, const cv::Scalar& colour, const Pen& pen) {
  const int dash = 4 * pen.line;
  const int right = box.br().x - 1, bottom = box.br().y - 1;
  for (int x = box.x; x <= right; x += 2 * dash) {
    const int end = std::min(x + dash, right);
    cv::line(rgb, {x, box.y}, {end, box.y}, colour, pen.line);
    cv::line(rgb, {x, bottom}, {end, bottom}, colour, pen.line);
  }
  for (int y = box.y; y <= bottom; y += 2 * dash) {
    const int end = std::min(y + dash, bottom);
    cv::line(rgb, {box.x, y}, {box.x, end}, colour, pen.line);
    cv::line(rgb, {right, y}, {right, end}, colour, pen.line);
  }
}

void draw_landmarks(cv::Mat& rgb, const Object& object, const cv::Scalar& colour, const Pen& pen) {
  const auto& points = object.landmarks;
  // Dots of a small face with many points would cover it.
  const double side = std::sqrt(std::abs(object.box.area()));
  const int room = static_cast<int>(side / (8 * std::sqrt(static_cast<double>(points.size()) + 1)));
  const int dot = std::min(pen.dot, room);
  const auto shown = [&](int k) { return object.visible.empty() || object.visible.at(k); };
  const auto join = [&](int a, int b) {
    if (shown(a) && shown(b)) {
      cv::line(rgb, points[a], points[b], colour, std::max(1, pen.line / 2), cv::LINE_AA);
    }
  };
  for (const auto& [first, last, closed] : landmark_runs(static_cast<int64_t>(points.size()))) {
    for (int k = first; k < last; ++k) join(k, k + 1);
    if (closed) join(last, first);
  }
  for (int k = 0; k < static_cast<int>(points.size()); ++k) {
    if (!shown(k)) continue;
    if (dot > 1) cv::circle(rgb, points[k], dot + 1, kBlack, cv::FILLED, cv::LINE_AA);
    cv::circle(rgb, points[k], dot, {255, 255, 255}, cv::FILLED,
               dot > 0 ? cv::LINE_AA : cv::LINE_8);
  }
}

void draw_object(cv::Mat& rgb, const Object& object, const LabelSpec& spec,
                 const OverlayStyle& style, const Pen& pen) {
  const cv::Rect box(cvRound(object.box.x), cvRound(object.box.y), cvRound(object.box.width),
                     cvRound(object.box.height));
  if (object.ignore || object.class_index < 0) return dashed_box(rgb, box, kGrey, pen);
  const cv::Scalar colour = class_colour(object.class_index);
  cv::rectangle(rgb, box, colour, pen.line);
  draw_landmarks(rgb, object, colour, pen);
  // One class alone needs no name at every box.
  OverlayStyle boxes = style;
  boxes.names = style.names && spec.classes.size() > 1;
  const std::string text = caption(spec, object.class_index, object.score, boxes);
  if (text.empty()) return;
  const cv::Point above(box.x - pen.line / 2, box.y - plate_size(text, pen).height);
  draw_plate(rgb, text, above, colour, pen);
}

}  // namespace

void draw(cv::Mat& rgb, const data::Label& label, const LabelSpec& spec,
          const OverlayStyle& style) {
  if (rgb.type() != CV_8UC3 || rgb.empty()) {
    throw std::invalid_argument("draw: a picture must be CV_8UC3 and not empty");
  }
  const Pen pen(rgb.size());
  if (const auto* mask = std::get_if<Mask>(&label)) {
    draw_mask(rgb, mask->classes);
  } else if (const auto* objects = std::get_if<Objects>(&label)) {
    for (const Object& object : objects->list) {
      if (object.score >= style.least_score) draw_object(rgb, object, spec, style, pen);
    }
  } else if (const auto& found = std::get<ClassIndex>(label); found.index >= 0) {
    OverlayStyle banner = style;
    banner.names = true;
    draw_plate(rgb, caption(spec, found.index, found.score, banner), {0, 0},
               class_colour(found.index), pen);
  }
}

cv::Scalar class_colour(int64_t class_index) {
  static const std::array<cv::Scalar, 8> colours = {
      cv::Scalar(230, 159, 0), cv::Scalar(86, 180, 233),  cv::Scalar(0, 158, 115),
      cv::Scalar(213, 94, 0),  cv::Scalar(204, 121, 167), cv::Scalar(240, 228, 66),
      cv::Scalar(0, 114, 178), cv::Scalar(245, 245, 245)};
  return colours[static_cast<size_t>(class_index < 0 ? -class_index : class_index) %
                 colours.size()];
}

const std::vector<LandmarkRun>& landmark_runs(int64_t landmarks) {
  static const std::vector<LandmarkRun> none;
  static const std::vector<LandmarkRun> ibug = {
      {0, 16, false},                    // jaw
      {17, 21, false},                   // brows
      {22, 26, false}, {27, 30, false},  // bridge of the nose
      {31, 35, false},                   // its base
      {36, 41, true},                    // eyes
      {42, 47, true},  {48, 59, true},   // lips, outside
      {60, 67, true}};                   // and inside
  return landmarks == 68 ? ibug : none;
}

}  // namespace manyfold::report
