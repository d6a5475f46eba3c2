#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>

namespace manyfold::config {

/// A temporary folder of config files, by relative path.
class Tree {
 public:
  explicit Tree(const std::map<std::string, std::string>& files) {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "manyfold_config_XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp failed");
    folder_ = pattern;
    for (const auto& [name, text] : files) {
      const auto file = folder_ / name;
      std::filesystem::create_directories(file.parent_path());
      std::ofstream(file) << text;
    }
  }
  ~Tree() { std::filesystem::remove_all(folder_); }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

}  // namespace manyfold::config
