#include "cli/named_pictures.h"

#include "cli/picture_files.h"
#include "data/picture_file.h"

namespace manyfold::cli {

namespace fs = std::filesystem;

NamedPictures::NamedPictures(const std::vector<std::string>& paths)
    : Source("pictures", /*synthetic=*/false) {
  for (const fs::path path : paths) {
    if (!fs::is_directory(path)) {
      files_.push_back(path);
      continue;
    }
    const auto found = pictures_below(path);
    files_.insert(files_.end(), found.begin(), found.end());
  }
}

data::Sample NamedPictures::get(int64_t index, int64_t detail) const {
  const auto& path = files_.at(static_cast<size_t>(index));
  data::Sample sample;
  sample.frames = {data::decode_picture(data::read_sample_file(path), path.string(), detail)};
  sample.origin = {name(), path.string(), synthetic()};
  return sample;
}

std::string NamedPictures::sample_name(int64_t index) const {
  return files_.at(static_cast<size_t>(index)).string();
}

std::vector<fs::path> NamedPictures::files(int64_t index) const {
  return {files_.at(static_cast<size_t>(index))};
}

}  // namespace manyfold::cli
