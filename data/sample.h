#pragma once

#include <cstdint>
#include <map>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "data/label.h"

namespace manyfold::data {

/// Where a sample came from.
struct Origin {
  std::string source;  // the source's name in the config
  std::string name;    // the picture: a path relative to the source's root, or "scene 17"
  bool synthetic = false;
};

/// One picture (T = 1) or clip, with the labels that it has. A task that is missing from `labels`
/// is not labelled here, which is not the same as labelled with nothing.
struct Sample {
  std::vector<cv::Mat> frames;          // T of CV_8UC3 [H, W], RGB
  std::vector<cv::Mat> crops;           // smaller views of the picture, all of one size; often none
  std::map<std::string, Label> labels;  // by task name
  Origin origin;
};

}  // namespace manyfold::data
