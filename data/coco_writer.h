#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "data/augment/warp.h"
#include "data/sources/source.h"

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
  std::string description;    // of the set; empty = the source's name
  nlohmann::json provenance;  // who labelled it, and how; null = not stated
  bool scores = false;        // annotations keep the scores of objects, which are predictions
  /// The path of a sample's picture (`kind` "images") or mask ("masks"), relative to the folder and
  /// without its ending, by its number in the source; called by any thread. None:
  /// <kind>/<split>/000000, counted from `first`.
  std::function<std::string(const std::string& kind, int64_t index)> place;
  /// Further fields of the image of a sample, by its number in the source; called by any thread.
  std::function<nlohmann::json(int64_t index)> more;
};

/// Writes samples of a source as a COCO set that `type: coco` reads back:
///
///   <folder>/<split>.json, images/<split>/000000.jpg, masks/<split>/000000.png
///
/// The labels of a mask task become `mask_file` (two classes: 0, 255 and 128 = ignore; more: the
/// class index, 255 = ignore; at most one such task); objects become annotations whose category is
/// the class's name, with `keypoints`, and iscrowd = 1 for ignore regions; a class of the whole
/// picture becomes a text field of the image that has the task's name (`from: image`). When a
/// sample lacks the label of a task with objects, every image gets the list `labelled` of its
/// tasks: no annotations would mean that there is nothing. The annotation file is written last, and
/// one that is there already is removed first: a set without it is not complete.
///
/// Returns the number of samples. Throws UserError when a file cannot be written or the tasks do
/// not fit one COCO set, and whatever the source throws.
int64_t write_coco(const Source& source, const LabelSpecs& specs, const CocoWriteOptions& options);

/// Throws UserError, as write_coco would, when the tasks do not fit one COCO set.
void check_coco_tasks(const LabelSpecs& specs);

/// The picture of the `number`-th sample that is written, relative to the set's folder.
std::string coco_picture(const CocoWriteOptions& options, int64_t number);

}  // namespace manyfold::data
