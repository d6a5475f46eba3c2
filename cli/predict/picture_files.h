#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <opencv2/core.hpp>

#include "data/data_options.h"
#include "data/sources/pictures_source.h"

namespace manyfold::cli {

using data::pictures_below;

/// CV_8UC3 RGB. Throws BadSample, naming the file.
cv::Mat read_picture(const std::filesystem::path& path);

/// The picture as the network takes it: uint8 [1, 3, H, W].
at::Tensor network_picture(const cv::Mat& rgb, const data::DataOptions& options);

}  // namespace manyfold::cli
