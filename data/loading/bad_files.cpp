#include "data/loading/bad_files.h"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace manyfold::data {
namespace {

/// Stills, frames, and videos.
int64_t files_of(const Source& source) {
  if (!source.clips()) return source.size();
  int64_t all = 0;
  for (int64_t i = 0; i < source.size(); ++i) {
    const auto files = static_cast<int64_t>(source.files(i).size());
    all += std::clamp<int64_t>(files, 1, source.length(i));
  }
  return all;
}

}  // namespace

GoodSample BadFiles::read(const Source& source, int64_t index, int64_t detail) {
  // Whether a sample is bad does not depend on when it is met, so neither does its replacement.
  for (int64_t tried = 0; tried < source.size(); ++tried) {
    const int64_t at = (index + tried) % source.size();
    if (is_bad(source, at)) continue;
    try {
      return {source.get(at, detail), at};
    } catch (const BadSample& error) {
      set_aside(source, {at, ""}, error);
    }
  }
  throw UserError("source " + source.name() + ": not one sample can be used\n" + describe());
}

Sample BadFiles::read_part(const Source& source, int64_t index, const FrameRange& range,
                           int64_t detail) {
  try {
    return source.part(index, range, detail);
  } catch (const BadSample& error) {
    set_aside(source, {index, error.file}, error);
  }
  Sample empty;
  empty.origin = {source.name(), "", source.synthetic()};
  empty.frames.assign(static_cast<size_t>(range.count),
                      {cv::Mat(1, 1, CV_8UC3, cv::Scalar::all(0))});
  return empty;
}

bool BadFiles::is_bad(const Source& source, int64_t index) const {
  const std::lock_guard lock(mutex_);
  const auto found = bad_.find(source.name());
  return found != bad_.end() && found->second.count({index, ""}) > 0;
}

void BadFiles::set_aside(const Source& source, const Place& place, const BadSample& error) {
  const auto name = source.sample_name(place.first);
  size_t count = 0;
  int64_t all = 0;
  {
    const std::lock_guard lock(mutex_);
    auto& bad = bad_[source.name()];
    const bool fresh =
        bad.emplace(place, BadFile{source.name(), name, error.fault, error.what()}).second;
    if (!fresh) return;
    count = bad.size();
    auto& files = files_[source.name()];
    if (files == 0) files = files_of(source);
    all = files;
  }
  spdlog::warn("source {}: sample {} is set aside ({}): {}", source.name(), name,
               fault_name(error.fault), error.what());
  if (static_cast<double>(count) <= max_share_ * static_cast<double>(all)) return;
  throw UserError("source " + source.name() + ": " + std::to_string(count) + " of " +
                  std::to_string(all) + (source.clips() ? " files" : " samples") +
                  " are bad so far, more than data.max_bad_share = " + std::to_string(max_share_) +
                  " allows; mend them (`manyfold data check` lists all), or allow more\n" +
                  describe());
}

std::vector<BadFile> BadFiles::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<BadFile> all;
  for (const auto& [source, files] : bad_) {
    for (const auto& [place, file] : files) all.push_back(file);
  }
  return all;
}

std::string BadFiles::describe() const {
  std::string text;
  for (const auto& file : list()) {
    text += file.source + ": " + file.sample + " (" + fault_name(file.fault) + "): " + file.cause +
            "\n";
  }
  return text;
}

}  // namespace manyfold::data
