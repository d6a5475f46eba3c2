#include "cli/picture_files.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "common/error.h"
#include "data/picture_file.h"
#include "data/warp.h"

namespace manyfold::cli {

namespace fs = std::filesystem;

namespace {

bool is_picture(const fs::path& path) {
  static const std::set<std::string> known = {".bmp", ".jpeg", ".jpg", ".png",
                                              ".tif", ".tiff", ".webp"};
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return known.count(extension) > 0;
}

}  // namespace

std::vector<fs::path> pictures_below(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && is_picture(entry.path())) found.push_back(entry.path());
  }
  if (found.empty()) throw UserError("no pictures in folder " + folder.string());
  std::sort(found.begin(), found.end());
  return found;
}

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
