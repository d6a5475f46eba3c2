#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <string>

#include "common/error.h"

namespace manyfold::cli {

/// Throws ConfigError when `--out` names a file.
inline void refuse_file(const std::filesystem::path& out) {
  if (!std::filesystem::exists(out) || std::filesystem::is_directory(out)) return;
  throw ConfigError("--out " + out.string() + " is a file, expected a folder");
}

/// The folder of `--out`, before anything slow. Throws UserError where none can be made or written.
inline void make_folder(const std::filesystem::path& out) {
  refuse_file(out);
  std::error_code error;
  std::filesystem::create_directories(out, error);
  if (error)
    throw UserError("--out " + out.string() + ": cannot make this folder: " + error.message());
  if (::access(out.c_str(), W_OK) != 0) {
    throw UserError("--out " + out.string() +
                    ": cannot write into this folder: " + std::strerror(errno));
  }
}

/// Where results go. What an earlier command left under the same names is replaced.
class OutputFolder {
 public:
  explicit OutputFolder(std::filesystem::path path) : path_(std::move(path)) { make_folder(path_); }

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
