#pragma once

#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "data/label.h"
#include "report/overlay.h"

namespace manyfold::report {

/// A picture and what is known of it at `factor` times the size: small network inputs are enlarged
/// before they are drawn on, so that the drawing is finer than the pixels.
cv::Mat enlarged(const cv::Mat& rgb, double factor);
data::Label enlarged(const data::Label& label, double factor);

/// The picture under a band with a text: returns CV_8UC3, as wide, a text line higher.
cv::Mat captioned(const cv::Mat& rgb, const std::string& text);

/// Pictures in rows of `columns`, each centred in a cell as large as the largest.
cv::Mat grid(const std::vector<cv::Mat>& pictures, int columns, int gap = 4);

/// Truth at the left, prediction at the right, captioned; pictures below 320 px are enlarged by a
/// whole factor to reach that. Labels lie in pixels of `rgb`.
cv::Mat compare(const cv::Mat& rgb, const data::Label& truth, const data::Label& predicted,
                const data::LabelSpec& spec, const OverlayStyle& style = {});

}  // namespace manyfold::report
