#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/source.h"

namespace manyfold::cli {

/// Pictures as a person names them, without labels: files as given, and those of folders and the
/// folders below them, sorted. A sample's name is its path.
class NamedPictures : public data::Source {
 public:
  /// Throws UserError for a folder without pictures.
  explicit NamedPictures(const std::vector<std::string>& paths);

  int64_t size() const override { return static_cast<int64_t>(files_.size()); }
  data::Sample get(int64_t index, int64_t detail = 0) const override;
  std::string sample_name(int64_t index) const override;
  std::vector<std::filesystem::path> files(int64_t index) const override;

 private:
  std::vector<std::filesystem::path> files_;
};

}  // namespace manyfold::cli
