#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <string>
#include <utility>
#include <vector>

#include "data/label.h"

namespace manyfold::report {

/// How labels are drawn. Lines and letters grow with the picture, so that an overlay reads at
/// 160x120 and at 1920x1080.
struct OverlayStyle {
  bool scores = true;      // of predictions; a truth has none
  bool names = true;       // class names beside boxes and in the banner
  double least_score = 0;  // objects below it are left out
};

/// Draws a label onto `rgb` (CV_8UC3, RGB, of the label's own size): masks as tint and
/// outline, ignored pixels greyed; boxes with name and score, ignore regions dashed grey; key
/// points as dots, 68 of them joined as eyes, brows, nose, lips and jaw; a class as a banner at the
/// top left. Throws std::invalid_argument for another type or size.
void draw(cv::Mat& rgb, const data::Label& label, const data::LabelSpec& spec,
          const OverlayStyle& style = {});

/// The colour of a class: eight that differ also for the colour-blind (Okabe and Ito), then again.
cv::Scalar class_colour(int64_t class_index);

/// Runs of key points that belong together, as (first, last, closed): the nine parts of iBUG's 68;
/// none for other counts.
struct LandmarkRun {
  int first, last;
  bool closed;
};
const std::vector<LandmarkRun>& landmark_runs(int64_t landmarks);

}  // namespace manyfold::report
