#include "data/files/segment.h"

#include <cmath>
#include <numeric>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

namespace manyfold::data {
namespace {

void paint_runs(const Segment& segment, uint8_t value, cv::Mat& mask) {
  if (segment.size != mask.size()) {
    throw std::invalid_argument("runs of a " + std::to_string(segment.size.width) + "x" +
                                std::to_string(segment.size.height) +
                                " picture, and the picture is " + std::to_string(mask.cols) + "x" +
                                std::to_string(mask.rows));
  }
  const auto sum = std::accumulate(segment.runs.begin(), segment.runs.end(), uint64_t{0});
  if (sum != mask.total()) {
    throw std::invalid_argument("runs add up to " + std::to_string(sum) + " of " +
                                std::to_string(mask.total()) + " pixels");
  }
  uint64_t at = 0;
  bool inside = false;
  for (const uint32_t run : segment.runs) {
    for (uint64_t end = at + run; at < end; ++at) {
      if (inside) mask.at<uint8_t>(at % mask.rows, at / mask.rows) = value;
    }
    inside = !inside;
  }
}

void paint_polygons(const Segment& segment, uint8_t value, cv::Mat& mask) {
  constexpr int kShift = 4;  // sixteenths of a pixel; OpenCV counts pixel centres at whole numbers
  std::vector<std::vector<cv::Point>> fixed;
  for (const auto& polygon : segment.polygons) {
    fixed.emplace_back();
    for (const auto& p : polygon) {
      fixed.back().emplace_back(std::lround((p.x - 0.5f) * (1 << kShift)),
                                std::lround((p.y - 0.5f) * (1 << kShift)));
    }
  }
  // One by one: overlapping parts of an object are a union, where one call would be even-odd.
  for (const auto& polygon : fixed) {
    cv::fillPoly(mask, std::vector<std::vector<cv::Point>>{polygon}, cv::Scalar(value), cv::LINE_8,
                 kShift);
  }
}

}  // namespace

std::vector<uint32_t> unpack_runs(const std::string& text) {
  // As in COCO's maskApi.c: groups of five bits, low ones first, bit 5 = more to come; from the
  // fourth run on the difference to the run before the last.
  std::vector<uint32_t> runs;
  for (size_t at = 0; at < text.size();) {
    int64_t value = 0;
    int bits = 0;
    bool more = true;
    while (more) {
      if (at == text.size()) throw std::invalid_argument("the run-length code ends inside a run");
      const int c = text[at++] - 48;
      if (c < 0 || c > 63 || bits > 30) {
        throw std::invalid_argument("not a run-length code of COCO");
      }
      value |= static_cast<int64_t>(c & 31) << bits;
      bits += 5;
      more = (c & 32) != 0;
      if (!more && (c & 16)) value |= -(int64_t{1} << bits);
    }
    if (runs.size() > 2) value += runs[runs.size() - 2];
    if (value < 0 || value > INT32_MAX) throw std::invalid_argument("a run of negative length");
    runs.push_back(static_cast<uint32_t>(value));
  }
  return runs;
}

std::vector<uint32_t> runs_of(const cv::Mat& mask) {
  std::vector<uint32_t> runs{0};
  bool inside = false;
  for (int x = 0; x < mask.cols; ++x) {
    for (int y = 0; y < mask.rows; ++y) {
      if ((mask.at<uint8_t>(y, x) != 0) != inside) {
        runs.push_back(0);
        inside = !inside;
      }
      ++runs.back();
    }
  }
  return runs;
}

void paint(const Segment& segment, uint8_t value, cv::Mat& mask) {
  if (!segment.runs.empty()) paint_runs(segment, value, mask);
  paint_polygons(segment, value, mask);
}

}  // namespace manyfold::data
