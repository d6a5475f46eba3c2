#include "cli/label/label_frames.h"

#include <spdlog/fmt/fmt.h>

namespace manyfold::cli {

FramesSource::FramesSource(std::shared_ptr<const data::Source> clips)
    : Source(clips->name(), clips->synthetic()), clips_(std::move(clips)) {
  for (int64_t clip = 0; clip < clips_->size(); ++clip) {
    files_.push_back(clips_->files(clip));
    for (int64_t frame = 0; frame < clips_->length(clip); ++frame) frames_.push_back({clip, frame});
  }
}

data::Sample FramesSource::get(int64_t index, int64_t detail) const {
  const auto& [clip, frame] = place(index);
  return clips_->part(clip, {frame}, detail);
}

std::string FramesSource::sample_name(int64_t index) const {
  const auto& [clip, frame] = place(index);
  return fmt::format("{}/frames/{:06d}", clips_->sample_name(clip), frame);
}

/// Of a folder each frame is a file, of a video all are one.
std::vector<std::filesystem::path> FramesSource::files(int64_t index) const {
  const auto& [clip, frame] = place(index);
  const auto& all = files_[static_cast<size_t>(clip)];
  if (all.size() < 2) return all;
  return {all.at(static_cast<size_t>(frame))};
}

std::string mask_beside(const std::filesystem::path& frame) {
  return (frame.parent_path().parent_path() / "masks" / frame.filename()).string();
}

}  // namespace manyfold::cli
