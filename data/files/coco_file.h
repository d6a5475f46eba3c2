#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <opencv2/core.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "data/files/fault.h"
#include "data/files/segment.h"

namespace manyfold::data {

struct CocoAnnotation {
  int64_t id = 0;
  int64_t category = 0;  // index into CocoFile::categories
  cv::Rect2f box;        // pixels
  bool crowd = false;
  std::vector<cv::Point2f> landmarks;
  std::vector<uint8_t> visible;  // 0 where v = 0, and where a coordinate is NaN or negative
  Segment segment;
};

struct CocoImage {
  int64_t id = 0;
  std::string file;                          // relative to the set's root
  std::string mask_file;                     // the same; empty = none
  cv::Size size;                             // 0 x 0 = not stated
  std::map<std::string, std::string> words;  // further fields that are text
  std::vector<CocoAnnotation> annotations;
  std::optional<std::set<std::string>> labelled;  // the tasks it is labelled for; none = all

  bool labelled_for(const std::string& task) const {
    return !labelled || labelled->count(task) > 0;
  }
};

/// A COCO annotation file (https://cocodataset.org/#format-data): `images`, `annotations`,
/// `categories`; and, beyond COCO, of an image: `mask_file`, a PNG with a grey value for each
/// pixel, and `labelled`, a list of the tasks that the image is labelled for.
struct CocoFile {
  std::vector<std::string> categories;
  std::vector<int64_t> landmarks;  // key points of each category
  std::vector<CocoImage> images;   // in the order of the file
  bool annotated = false;          // the file has `annotations`, be there none in it
  /// What contradicts itself: annotations of unknown images (they are left out) and of unknown
  /// or ambiguous categories, useless boxes and outlines, landmarks that are not numbers.
  std::vector<Problem> problems;
  /// Images that cannot be used because of one of these, by index, with the problem.
  std::map<size_t, Problem> bad_images;
};

/// Reads a COCO file. NaN, which JSON does not know and Python writes, is read as a missing number.
/// Throws UserError naming the file when it cannot be read or is not a COCO file.
CocoFile read_coco(const std::filesystem::path& path);

}  // namespace manyfold::data
