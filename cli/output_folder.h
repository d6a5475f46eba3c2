#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "common/error.h"

namespace manyfold::cli {

/// Where results go. What an earlier command left under the same names is replaced.
class OutputFolder {
 public:
  explicit OutputFolder(std::filesystem::path path) : path_(std::move(path)) {
    std::filesystem::create_directories(path_);
  }

  /// For the results of one input, without extension: a, and a-2 where an earlier input took a.
  std::filesystem::path stem(const std::filesystem::path& input) {
    const std::string stem = input.stem().string();
    std::string name = stem;
    for (int i = 2; !taken_.insert(name).second; ++i) name = stem + "-" + std::to_string(i);
    return path_ / name;
  }
  std::filesystem::path results() const { return path_ / "predictions.jsonl"; }

 private:
  std::filesystem::path path_;
  std::set<std::string> taken_ = {"predictions"};
};

/// Throws UserError when a result would stand in its input's place.
inline void refuse_overwriting(const std::filesystem::path& input,
                               const std::filesystem::path& output) {
  std::error_code none;
  if (!std::filesystem::equivalent(input, output, none)) return;
  throw UserError(input.string() + ": the result would be written over it; choose another --out");
}

inline std::filesystem::path with_extension(const std::filesystem::path& stem,
                                            const std::string& extension) {
  return stem.string() + extension;
}

}  // namespace manyfold::cli
