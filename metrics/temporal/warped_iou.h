#pragma once

#include <opencv2/core.hpp>

#include "data/motion.h"
#include "metrics/mean.h"

namespace manyfold::metrics {

/// Intersection over union of two masks (CV_8UC1 of one size, non-zero inside), not yet divided.
///   counted  CV_8UC1, non-zero at the pixels that count; empty = all
Mean overlap(const cv::Mat& a, const cv::Mat& b, const cv::Mat& counted = {});

/// How well a mask follows what it covers: the mask of frame t - 1, moved to frame t (bilinear,
/// inside from 0.5 on), against the mask of frame t. Pixels whose motion is not known, because they
/// were hidden or outside, do not count.
Mean warped_overlap(const cv::Mat& previous, const cv::Mat& current, const data::Motion& motion,
                    const cv::Mat& counted = {});

}  // namespace manyfold::metrics
