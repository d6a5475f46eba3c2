#include "data/sources/clip_folder.h"

#include <algorithm>
#include <optional>
#include <string>

#include "common/error.h"
#include "data/files/picture_file.h"

namespace manyfold::data {
namespace {

namespace fs = std::filesystem;

/// The number that a file is called by: 17 of "000017.jpg".
std::optional<int64_t> number_of(const fs::path& path) {
  const auto stem = path.stem().string();
  const bool digits = !stem.empty() && stem.size() < 18 &&
                      stem.find_first_not_of("0123456789") == std::string::npos;
  return digits ? std::optional<int64_t>(std::stoll(stem)) : std::nullopt;
}

/// The folder that holds a clip's pictures.
fs::path frames_of(const fs::path& clip) {
  return fs::is_directory(clip / "frames") ? clip / "frames" : clip;
}

/// "a.jpg and 3 more".
std::string and_more(const std::vector<fs::path>& files) {
  const auto more = files.size() - 1;
  return files[0].filename().string() + (more > 0 ? " and " + std::to_string(more) + " more" : "");
}

/// The pictures of a folder.
struct Pictures {
  std::map<int64_t, fs::path> numbered;
  std::vector<fs::path> others;
};

/// None where the folder does not exist. Throws BadSample where two have one number.
Pictures pictures_of(const fs::path& folder) {
  Pictures found;
  if (!fs::is_directory(folder)) return found;
  for (const auto& path : entries_of(folder)) {
    if (!named_like_picture(path)) continue;
    const auto number = number_of(path);
    if (!number) {
      found.others.push_back(path);
      continue;
    }
    const auto [first, fresh] = found.numbered.emplace(*number, path);
    if (fresh) continue;
    throw BadSample(Fault::missing_frame, folder.string(),
                    first->second.filename().string() + " and " + path.filename().string() +
                        " have one number; take one of them away");
  }
  return found;
}

/// "; folders below it do: kitchen, office".
std::string clips_below(const fs::path& folder) {
  std::string names;
  for (const auto& path : entries_of(folder)) {
    if (fs::is_directory(path) && holds_pictures(path))
      names += (names.empty() ? "" : ", ") + path.filename().string();
  }
  return names.empty() ? "" : "; folders below it do: " + names;
}

/// Gives the clip its frames and the masks of these, and takes those masks away.
void add_frames(const Pictures& pictures, std::map<int64_t, fs::path>& masks, ClipFolder& clip) {
  const auto first = pictures.numbered.begin()->first;
  for (const auto& [number, path] : pictures.numbered) {
    const auto place = static_cast<int64_t>(clip.frames.size());
    if (number != first + place) {
      throw BadSample(Fault::missing_frame, clip.path.string(),
                      "frame " + std::to_string(first + place) + " is missing before " +
                          path.filename().string() +
                          "; number the frames without gaps, or make two clips of it");
    }
    const auto mask = masks.find(number);
    if (mask != masks.end()) {
      clip.masks[place] = mask->second;
      masks.erase(mask);
    }
    clip.frames.push_back(path);
  }
}

}  // namespace

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  try {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().filename().string().front() != '.') entries.push_back(entry.path());
    }
  } catch (const fs::filesystem_error& error) {
    throw UserError(folder.string() + ": the folder cannot be read: " + error.code().message());
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

bool holds_pictures(const fs::path& folder) {
  const auto entries = entries_of(frames_of(folder));
  return std::any_of(entries.begin(), entries.end(), named_like_picture);
}

ClipFolder read_clip_folder(const fs::path& folder) {
  ClipFolder clip;
  clip.path = frames_of(folder);
  const auto pictures = pictures_of(clip.path);
  if (pictures.numbered.empty() && pictures.others.empty()) {
    throw BadSample(Fault::missing_frame, clip.path.string(),
                    "holds no picture; a clip is a folder of numbered ones, as 000000.jpg is" +
                        clips_below(folder));
  }
  if (pictures.numbered.empty()) {
    throw BadSample(Fault::missing_frame, clip.path.string(),
                    "no picture is called by a number, as 000000.jpg is: " +
                        and_more(pictures.others) + "; rename them");
  }
  if (!pictures.others.empty()) {
    clip.problems.push_back(
        {Fault::missing_frame, clip.path.string(),
         "not called by a number, and so no frame of the clip: " + and_more(pictures.others)});
  }
  auto masks = pictures_of(folder / "masks").numbered;
  add_frames(pictures, masks, clip);
  if (!masks.empty()) {
    std::vector<fs::path> left;
    for (const auto& [number, path] : masks) left.push_back(path);
    clip.problems.push_back({Fault::missing_frame, (folder / "masks").string(),
                             "masks of frames that are not there: " + and_more(left)});
  }
  return clip;
}

}  // namespace manyfold::data
