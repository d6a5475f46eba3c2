#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <opencv2/core.hpp>
#include <vector>

#include "data/data_options.h"

namespace manyfold::cli {

/// The pictures in a folder and those below it, sorted. Throws UserError when there is none.
std::vector<std::filesystem::path> pictures_below(const std::filesystem::path& folder);

/// CV_8UC3 RGB. Throws BadSample, naming the file.
cv::Mat read_picture(const std::filesystem::path& path);

/// The picture as the network takes it: uint8 [1, 3, H, W].
at::Tensor network_picture(const cv::Mat& rgb, const data::DataOptions& options);

}  // namespace manyfold::cli
