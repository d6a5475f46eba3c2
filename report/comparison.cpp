#include "report/comparison.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "report/lettering.h"

namespace manyfold::report {
namespace {

const cv::Scalar kBand(38, 42, 48);

struct Enlarge {
  double factor;

  data::Label operator()(data::Mask mask) const {
    cv::resize(cv::Mat(mask.classes), mask.classes, {}, factor, factor, cv::INTER_NEAREST);
    return mask;
  }
  data::Label operator()(data::ClassIndex index) const { return index; }
  data::Label operator()(data::Objects objects) const {
    const auto f = static_cast<float>(factor);
    for (data::Object& object : objects.list) {
      object.box = {object.box.x * f, object.box.y * f, object.box.width * f,
                    object.box.height * f};
      for (cv::Point2f& point : object.landmarks) point *= f;
    }
    return objects;
  }
};

}  // namespace

cv::Mat enlarged(const cv::Mat& rgb, double factor) {
  cv::Mat large;
  cv::resize(rgb, large, {}, factor, factor, factor < 1 ? cv::INTER_AREA : cv::INTER_CUBIC);
  return large;
}

data::Label enlarged(const data::Label& label, double factor) {
  return std::visit(Enlarge{factor}, label);
}

cv::Mat captioned(const cv::Mat& rgb, const std::string& text) {
  const Pen pen(rgb.size() * 2);  // larger letters than on the picture: this is what it is
  const int height = plate_size(text, pen).height;
  cv::Mat band(height, rgb.cols, CV_8UC3, kBand), whole;
  draw_plate(band, text, {0, 0}, kBand, pen);
  cv::vconcat(band, rgb, whole);
  return whole;
}

cv::Mat grid(const std::vector<cv::Mat>& pictures, int columns, int gap) {
  if (pictures.empty()) return {};
  cv::Size cell;
  for (const cv::Mat& picture : pictures) {
    cell.width = std::max(cell.width, picture.cols);
    cell.height = std::max(cell.height, picture.rows);
  }
  const int count = static_cast<int>(pictures.size());
  columns = std::clamp(columns, 1, count);
  const int rows = (count + columns - 1) / columns;
  cv::Mat whole(rows * cell.height + (rows - 1) * gap, columns * cell.width + (columns - 1) * gap,
                CV_8UC3, kBand);
  for (int i = 0; i < count; ++i) {
    const cv::Point corner(i % columns * (cell.width + gap), i / columns * (cell.height + gap));
    const cv::Size size = pictures[i].size();
    const cv::Point inset((cell.width - size.width) / 2, (cell.height - size.height) / 2);
    pictures[i].copyTo(whole(cv::Rect(corner + inset, size)));
  }
  return whole;
}

cv::Mat compare(const cv::Mat& rgb, const data::Label& truth, const data::Label& predicted,
                const data::LabelSpec& spec, const OverlayStyle& style) {
  const double factor = std::max(1.0, std::ceil(320.0 / std::max(rgb.cols, rgb.rows)));
  OverlayStyle without_scores = style;
  without_scores.scores = false;
  without_scores.least_score = 0;
  cv::Mat left = enlarged(rgb, factor), right = left.clone();
  draw(left, enlarged(truth, factor), spec, without_scores);
  draw(right, enlarged(predicted, factor), spec, style);
  return grid({captioned(left, "truth"), captioned(right, "prediction")}, 2);
}

}  // namespace manyfold::report
