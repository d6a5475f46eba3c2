#pragma once

#include <cstdint>
#include <map>
#include <opencv2/core.hpp>
#include <string>

#include "data/augment/affine.h"
#include "data/sample.h"

namespace manyfold::data {

/// The grey around a picture that does not fill the network's input.
constexpr uint8_t kPadding = 114;

/// What the tasks in training learn from, by task name.
using LabelSpecs = std::map<std::string, LabelSpec>;

/// One affine map for every frame and its labels.
///
/// - Pictures: bilinear, one pass; a picture that shrinks to less than half is averaged over whole
///   pixels first, so that fine texture does not alias. Outside: kPadding.
/// - Masks: nearest neighbour; outside the picture: Mask::kIgnore.
/// - Boxes: the upright box around the mapped corners, cut at the border. One of which less than
///   half remains or whose shorter side falls below 2 pixels becomes an ignore region; one of which
///   nothing remains is dropped.
/// - Landmarks: one outside the picture is no longer visible. One that is not visible is not moved
///   but set to 0: it may hold NaN or -1.
/// - Mirrored: key points and classes are swapped as the task's LabelSpec says.
///
/// Labels of tasks without a spec are left out.
Sample warp(const Sample& sample, const Geometry& geometry, const LabelSpecs& specs);

/// The same for a single picture.
cv::Mat warp_picture(const cv::Mat& picture, const Geometry& geometry);

/// The same for a motion: both frames are moved alike. Not known outside the picture, nor where it
/// points out of the picture that is made.
Motion warp_motion(const Motion& motion, const Geometry& geometry);

/// The same for a single label.
Label warp_label(const Label& label, const Geometry& geometry, const LabelSpec& spec);

/// A prediction on the network's picture, in the coordinates of the picture that `geometry` came
/// from; masks become as large as that `picture`. Nothing is dropped or cut.
Label unwarp_label(const Label& label, const Geometry& geometry, cv::Size picture);

}  // namespace manyfold::data
