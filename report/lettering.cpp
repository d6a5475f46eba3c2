#include "report/lettering.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace manyfold::report {
namespace {

constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;

/// One '?' for each character that the font lacks.
std::string ascii(const std::string& text) {
  std::string plain;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte >= 0x20 && byte < 0x7f) {
      plain += letter;
    } else if ((byte & 0xc0) != 0x80) {  // not the further bytes of a UTF-8 character
      plain += '?';
    }
  }
  return plain;
}

bool is_light(const cv::Scalar& rgb) {
  return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2] > 140;
}

}  // namespace

Pen::Pen(cv::Size picture) {
  const double side = std::sqrt(static_cast<double>(picture.area()));
  font_scale = std::clamp(side / 1400, 0.34, 2.5);
  text_line = std::max(1, cvRound(side / 800));
  line = std::max(1, cvRound(side / 420));
  dot = std::max(1, cvRound(side / 400));
  margin = std::max(2, cvRound(font_scale * 6));
}

cv::Size plate_size(const std::string& text, const Pen& pen) {
  int below = 0;
  const cv::Size letters =
      cv::getTextSize(ascii(text), kFont, pen.font_scale, pen.text_line, &below);
  return {letters.width + 2 * pen.margin, letters.height + below + 2 * pen.margin};
}

void draw_plate(cv::Mat& rgb, const std::string& text, cv::Point at, const cv::Scalar& colour,
                const Pen& pen) {
  const std::string plain = ascii(text);
  int below = 0;
  const cv::Size letters = cv::getTextSize(plain, kFont, pen.font_scale, pen.text_line, &below);
  const cv::Size size = plate_size(text, pen);
  at.x = std::max(0, std::min(at.x, rgb.cols - size.width));
  at.y = std::max(0, std::min(at.y, rgb.rows - size.height));
  cv::rectangle(rgb, cv::Rect(at, size), colour, cv::FILLED);
  const cv::Scalar ink = is_light(colour) ? cv::Scalar(0, 0, 0) : cv::Scalar(255, 255, 255);
  cv::putText(rgb, plain, at + cv::Point(pen.margin, pen.margin + letters.height), kFont,
              pen.font_scale, ink, pen.text_line, cv::LINE_AA);
}

}  // namespace manyfold::report
