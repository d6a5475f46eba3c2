#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

namespace manyfold::data {

/// The outline of an object as COCO writes it: polygons, or runs column by column that begin with
/// background.
struct Segment {
  std::vector<std::vector<cv::Point2f>> polygons;  // pixels
  std::vector<uint32_t> runs;                      // pixels each
  cv::Size size;                                   // of the runs' picture

  bool empty() const { return polygons.empty() && runs.empty(); }
};

/// COCO's compressed run lengths ("size" and a string of characters from '0' on) as plain runs.
/// Throws std::invalid_argument when the text is not such a code.
std::vector<uint32_t> unpack_runs(const std::string& text);

/// The plain runs of a mask (nonzero = object), column by column, beginning with background.
std::vector<uint32_t> runs_of(const cv::Mat& mask);

/// Sets the pixels of `mask` (CV_8UC1, the picture's size) inside the segment to `value`. Throws
/// std::invalid_argument when the runs are of another picture size or do not add up to it.
void paint(const Segment& segment, uint8_t value, cv::Mat& mask);

}  // namespace manyfold::data
