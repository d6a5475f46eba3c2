#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/sources/source_options.h"

namespace manyfold::data {

/// The pictures in a folder and those below it, sorted: files called *.bmp, *.jpeg, *.jpg, *.png or
/// *.webp, in letters of either case. What begins with a dot is left out. Throws UserError when the
/// folder cannot be read or there is none.
std::vector<std::filesystem::path> pictures_below(const std::filesystem::path& folder);

/// Pictures without any label, in the order given: for what learns from pictures alone, and for
/// what labels them.
class PicturesSource : public Source {
 public:
  /// Samples are called by their path below `root`, or as given where that is empty.
  PicturesSource(const std::string& name, std::vector<std::filesystem::path> files,
                 std::filesystem::path root = {});
  /// Every picture below a folder. Throws UserError as pictures_below.
  PicturesSource(const std::string& name, const PicturesOptions& options);

  int64_t size() const override { return static_cast<int64_t>(files_.size()); }
  Sample get(int64_t index, int64_t detail = 0) const override;
  std::string sample_name(int64_t index) const override;
  std::vector<std::filesystem::path> files(int64_t index) const override;

 private:
  std::vector<std::filesystem::path> files_;
  std::filesystem::path root_;
};

}  // namespace manyfold::data
