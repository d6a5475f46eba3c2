#include "data/sources/mask_file.h"

#include "data/files/fault.h"
#include "data/files/picture_file.h"

namespace manyfold::data {
cv::Mat read_mask(const std::filesystem::path& path, const LabelRule& rule, cv::Size full) {
  const auto grey = decode_grey(read_sample_file(path), path.string());
  if (grey.size() != full) {
    throw BadSample(
        Fault::mask_size, path.string(),
        "is " + size_text(grey.size()) + " pixels, and its picture is " + size_text(full));
  }
  cv::Mat mask;
  cv::LUT(grey, rule.value_of, mask);
  double highest = 0;
  const cv::Mat unknown = mask == LabelRule::kUnknownValue;
  cv::Point at;
  cv::minMaxLoc(unknown, nullptr, &highest, nullptr, &at);
  if (highest > 0) {
    throw BadSample(Fault::mask_value, path.string(),
                    "has the grey value " + std::to_string(grey.at<uint8_t>(at)) + " at (" +
                        std::to_string(at.x) + ", " + std::to_string(at.y) +
                        "), which means no class; see `values`");
  }
  return mask;
}

}  // namespace manyfold::data
