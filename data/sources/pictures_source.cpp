#include "data/sources/pictures_source.h"

#include <algorithm>

#include "common/error.h"
#include "data/files/picture_file.h"

namespace manyfold::data {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_of(const std::string& source, const fs::path& root) {
  try {
    return pictures_below(root);
  } catch (const UserError& error) {
    throw UserError("source " + source + ": " + error.what());
  }
}

}  // namespace

std::vector<fs::path> pictures_below(const fs::path& folder) {
  std::vector<fs::path> found;
  try {
    for (auto entry = fs::recursive_directory_iterator(folder); entry != end(entry); ++entry) {
      const auto& path = entry->path();
      if (path.filename().string().front() == '.') {
        entry.disable_recursion_pending();
      } else if (entry->is_regular_file() && named_like_picture(path)) {
        found.push_back(path);
      }
    }
  } catch (const fs::filesystem_error& error) {
    throw UserError(folder.string() +
                    ": the folder, or one below it, cannot be read: " + error.code().message());
  }
  if (found.empty()) {
    throw UserError("no pictures in folder " + folder.string() +
                    " or those below it; known are .bmp, .jpeg, .jpg, .png and .webp");
  }
  std::sort(found.begin(), found.end());
  return found;
}

PicturesSource::PicturesSource(const std::string& name, std::vector<fs::path> files, fs::path root)
    : Source(name, /*synthetic=*/false), files_(std::move(files)), root_(std::move(root)) {}

PicturesSource::PicturesSource(const std::string& name, const PicturesOptions& options)
    : PicturesSource(name, files_of(name, options.root), options.root) {}

Sample PicturesSource::get(int64_t index, int64_t detail) const {
  const auto& path = files_.at(index);
  Sample sample;
  sample.frames = {{decode_picture(read_sample_file(path), path.string(), detail)}};
  sample.origin = {name(), sample_name(index), synthetic()};
  return sample;
}

std::string PicturesSource::sample_name(int64_t index) const {
  const auto& file = files_.at(index);
  return (root_.empty() ? file : file.lexically_relative(root_)).string();
}

std::vector<fs::path> PicturesSource::files(int64_t index) const { return {files_.at(index)}; }

}  // namespace manyfold::data
