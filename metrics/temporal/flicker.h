#pragma once

#include <opencv2/core.hpp>

#include "data/motion.h"
#include "metrics/mean.h"

/// How much a mask changes between neighbouring frames. A mask that never changes has no flicker
/// however wrong it is: read these figures beside the accuracy.
///
/// `counted` is CV_8UC1 [H, W], non-zero at the pixels that count; empty = all.
namespace manyfold::metrics {

/// 255 where two neighbouring pictures (CV_8UC3 of one size) show the same: their difference,
/// smoothed by a Gaussian of 1 pixel so that the sensor's noise does not matter, is below
/// `difference` (8-bit levels) in every channel.
cv::Mat static_pixels(const cv::Mat& previous, const cv::Mat& current, double difference = 2);

/// 255 where the motion is known and shorter than `pixels`.
cv::Mat still_pixels(const data::Motion& motion, double pixels = 0.1);

/// The change of a mask at the counted pixels, a mean over them: |m_t - m_(t-1)| of probabilities
/// (CV_32FC1), or the share whose class is another one (CV_8UC1).
Mean flicker(const cv::Mat& previous, const cv::Mat& current, const cv::Mat& counted = {});

/// The mean of ((p_t - p_(t-1)) - (g_t - g_(t-1)))^2 over the counted pixels, of predicted and true
/// masks CV_32FC1 in [0, 1]. Its root is dtSSD (Erofeev et al., BMVC 2015), which punishes a frozen
/// prediction where the truth moves.
Mean change_error(const cv::Mat& previous, const cv::Mat& current, const cv::Mat& previous_truth,
                  const cv::Mat& current_truth, const cv::Mat& counted = {});

}  // namespace manyfold::metrics
