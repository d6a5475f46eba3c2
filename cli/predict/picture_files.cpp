#include "cli/predict/picture_files.h"

#include <ATen/ATen.h>

#include "data/augment/warp.h"
#include "data/files/picture_file.h"

namespace manyfold::cli {

namespace fs = std::filesystem;

cv::Mat read_picture(const fs::path& path) {
  return data::decode_picture(data::read_sample_file(path), path.string());
}

at::Tensor network_picture(const cv::Mat& rgb, const data::DataOptions& options) {
  const auto geometry = data::fit(rgb.size(), options.network_size(), options.how());
  const cv::Mat network = data::warp_picture(rgb, geometry);
  return at::from_blob(network.data, {1, network.rows, network.cols, 3}, at::kByte)
      .permute({0, 3, 1, 2})
      .clone();
}

}  // namespace manyfold::cli
