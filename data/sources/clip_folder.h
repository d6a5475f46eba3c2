#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <vector>

#include "data/files/fault.h"

namespace manyfold::data {

/// A clip as a folder: numbered pictures without gaps, `frames/000000.jpg` or `000000.jpg`, and
/// masks of some of them, `masks/000000.png`.
struct ClipFolder {
  std::filesystem::path path;                      // that holds the pictures
  std::vector<std::filesystem::path> frames;       // in order
  std::map<int64_t, std::filesystem::path> masks;  // by place among the frames
  std::vector<Problem> problems;                   // what lies there and is no part of the clip
};

/// What stands in a folder, hidden files left out, sorted. Throws UserError for one that cannot be
/// read.
std::vector<std::filesystem::path> entries_of(const std::filesystem::path& folder);

/// Whether a folder holds pictures as a clip does, be they called by numbers or not.
bool holds_pictures(const std::filesystem::path& folder);

/// Throws BadSample (missing_frame) where no picture is called by a number, where numbers have a
/// gap, and where two pictures have one number.
ClipFolder read_clip_folder(const std::filesystem::path& folder);

}  // namespace manyfold::data
