#pragma once

#include <opencv2/core.hpp>
#include <string>

namespace manyfold::report {

/// Sizes that suit a picture: what is drawn keeps its share of large pictures, and stays readable
/// on small ones.
struct Pen {
  explicit Pen(cv::Size picture);

  double font_scale;  // of cv::FONT_HERSHEY_SIMPLEX
  int text_line;      // thickness of letters, px
  int line;           // thickness of boxes and outlines, px
  int dot;            // radius of key points, px
  int margin;         // round a text, px
};

/// What a text covers with its plate, margins included.
cv::Size plate_size(const std::string& text, const Pen& pen);

/// Writes `text` on a filled plate whose top left corner is `at`, moved so that it stays inside the
/// picture as far as it fits. Black or white letters, whichever the plate's colour lets stand out.
/// OpenCV's letters know ASCII only: other characters become '?'.
void draw_plate(cv::Mat& rgb, const std::string& text, cv::Point at, const cv::Scalar& colour,
                const Pen& pen);

}  // namespace manyfold::report
