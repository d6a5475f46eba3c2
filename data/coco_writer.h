#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "data/source.h"
#include "data/warp.h"

namespace manyfold::data {

/// How `write_coco` writes.
struct CocoWriteOptions {
  std::filesystem::path folder;
  std::string split = "train";
  std::string format = "jpg";  // or png, without loss
  int quality = 95;            // of JPEG
  int64_t first = 0;           // sample of the source
  int64_t count = -1;          // -1 = to its end
  int threads = 2;
};

/// Writes samples of a source as a COCO set that `type: coco` reads back:
///
///   <folder>/<split>.json, images/<split>/000000.jpg, masks/<split>/000000.png
///
/// The labels of a mask task become `mask_file` (two classes: 0, 255 and 128 = ignore; more: the
/// class index, 255 = ignore; at most one such task); objects become annotations whose category is
/// the class's name, with `keypoints`, and iscrowd = 1 for ignore regions; a class of the whole
/// picture becomes a text field of the image that has the task's name (`from: image`). The
/// annotation file is written last, and one that is there already is removed first: a set without
/// it is not complete.
///
/// Returns the number of samples. Throws UserError when a file cannot be written or the tasks do
/// not fit one COCO set, and whatever the source throws.
int64_t write_coco(const Source& source, const LabelSpecs& specs, const CocoWriteOptions& options);

}  // namespace manyfold::data
