#include "report/picture_bytes.h"

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>
#include <vector>

namespace manyfold::report {
namespace {

std::string encoded(const cv::Mat& rgb, const char* extension, const std::vector<int>& options) {
  if (rgb.type() != CV_8UC3 || rgb.empty()) {
    throw std::invalid_argument("a picture must be CV_8UC3 and not empty, got " +
                                cv::typeToString(rgb.type()));
  }
  cv::Mat bgr;
  cv::cvtColor(rgb, bgr, cv::COLOR_RGB2BGR);
  std::vector<uchar> bytes;
  cv::imencode(extension, bgr, bytes, options);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

std::string png_bytes(const cv::Mat& rgb) { return encoded(rgb, ".png", {}); }

std::string jpeg_bytes(const cv::Mat& rgb, int quality) {
  return encoded(rgb, ".jpg", {cv::IMWRITE_JPEG_QUALITY, quality});
}

std::string base64(const std::string& bytes) {
  static constexpr char kLetters[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;  // 24 bits
    for (size_t k = 0; k < 3; ++k) {
      group = group << 8 | (i + k < bytes.size() ? static_cast<uint8_t>(bytes[i + k]) : 0u);
    }
    for (size_t k = 0; k < 4; ++k) {
      text += i + k <= bytes.size() ? kLetters[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return text;
}

}  // namespace manyfold::report
