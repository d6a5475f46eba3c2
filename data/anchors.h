#pragma once

#include <cstdint>
#include <opencv2/core.hpp>
#include <vector>

namespace manyfold::data {

/// IoU of two boxes that share their centre: shape alone counts. Sides are above 0.
double shape_iou(const cv::Size2d& a, const cv::Size2d& b);

/// The IoU of each box with the anchor that suits it best, averaged. Neither list may be empty.
double mean_best_iou(const std::vector<cv::Size2d>& boxes, const std::vector<cv::Size2d>& anchors);

/// The `count` shapes that stand for the widths and heights of `boxes` best, by area from the
/// smallest on: k-means with the distance 1 - shape_iou and the mean as centroid (Redmon and
/// Farhadi, "YOLO9000: better, faster, stronger", arXiv:1612.08242, section 2), begun as k-means++
/// (Arthur and Vassilvitskii, SODA 2007); of `restarts` starts, drawn from `seed`, the one with the
/// best mean_best_iou. Any unit; sides are above 0.
/// Throws UserError when there are fewer than `count` different boxes.
std::vector<cv::Size2d> find_anchors(const std::vector<cv::Size2d>& boxes, int64_t count,
                                     uint64_t seed = 0, int64_t restarts = 10);

}  // namespace manyfold::data
