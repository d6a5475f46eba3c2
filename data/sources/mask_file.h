#pragma once

#include <filesystem>
#include <opencv2/core.hpp>

#include "data/sources/label_rule.h"

namespace manyfold::data {

/// A PNG with a grey value for each pixel as class indices, by a rule `from: mask`. Throws
/// BadSample as read_sample_file and decode_grey, and for another size than the picture's, `full`
/// (mask_size), or a grey value that means no class (mask_value).
cv::Mat read_mask(const std::filesystem::path& path, const LabelRule& rule, cv::Size full);

}  // namespace manyfold::data
