#pragma once

#include <cstdint>
#include <map>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "data/label.h"
#include "data/motion.h"

namespace manyfold::data {

/// A picture with the labels that it has. A task that is missing from `labels` is not labelled
/// here, which is not the same as labelled with nothing.
struct Frame {
  cv::Mat picture;                           // CV_8UC3 [H, W], RGB
  std::map<std::string, Label> labels = {};  // by task name
  Motion motion = {};                        // from the frame before; empty unless asked for
};

/// Where a sample came from.
struct Origin {
  std::string source;  // the source's name in the config
  std::string name;    // the picture: a path relative to the source's root, or "scene 17"
  bool synthetic = false;
};

/// Frames of a clip, one after the other.
struct FrameRange {
  int64_t first = 0;
  int64_t count = 1;
  /// Asks where the pixels of each but the first were in the frame before, where that is known
  /// exactly.
  bool motion = false;
};

/// A still (one frame) or a clip.
struct Sample {
  std::vector<Frame> frames;   // T, all of one size
  std::vector<cv::Mat> crops;  // smaller views of a still, all of one size; often none
  Origin origin;
};

}  // namespace manyfold::data
