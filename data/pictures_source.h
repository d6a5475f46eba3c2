#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/source_options.h"

namespace manyfold::data {

/// The pictures in a folder and those below it, sorted: files called *.bmp, *.jpeg, *.jpg, *.png or
/// *.webp, in letters of either case. What begins with a dot is left out. Throws UserError when the
/// folder cannot be read or there is none.
std::vector<std::filesystem::path> pictures_below(const std::filesystem::path& folder);

/// Every picture below a folder, in the order of the paths, without any label: for what learns
/// from pictures alone.
class PicturesSource : public Source {
 public:
  /// Throws UserError as pictures_below.
  PicturesSource(const std::string& name, const PicturesOptions& options);

  int64_t size() const override { return static_cast<int64_t>(files_.size()); }
  Sample get(int64_t index, int64_t detail = 0) const override;
  std::string sample_name(int64_t index) const override;
  std::vector<std::filesystem::path> files(int64_t index) const override;

 private:
  std::filesystem::path root_;
  std::vector<std::filesystem::path> files_;
};

}  // namespace manyfold::data
