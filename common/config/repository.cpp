#include "common/config/repository.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "common/atomic_file.h"
#include "common/config/hydra_node.h"
#include "common/config/yaml_reader.h"
#include "common/error.h"

namespace manyfold::config {
namespace {

namespace fs = std::filesystem;

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::string file_name(const std::string& name) {
  return ends_with(name, ".yaml") || ends_with(name, ".yml") ? name : name + ".yaml";
}

std::string trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t\r\n\f\v");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r\n\f\v") - begin + 1);
}

/// The value of `# @package`, which stands before anything else in the file.
std::optional<std::string> package_header(const std::string& text, const std::string& file) {
  std::optional<std::string> package;
  std::istringstream lines(text.substr(0, 512));
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    line = trimmed(line);
    if (line.empty()) continue;
    if (line[0] != '#') break;
    line = trimmed(line.substr(std::min(line.find_first_not_of('#'), line.size())));
    if (line.empty() || line[0] != '@') break;
    std::istringstream words(line);
    std::string key, value, more;
    words >> key >> value;
    if (value.empty() || words >> more) {
      throw ConfigError(file + ":" + std::to_string(number) +
                        ": a header is '# @package NAME', not '# " + line + "'");
    }
    if (key == "@package") package = value;
  }
  return package;
}

ConfigFile load_file(const fs::path& path) {
  std::string text;
  try {
    text = read_file(path);
  } catch (const UserError& error) {
    throw ConfigError(error.what());
  }
  ConfigFile file;
  file.config = parse_yaml(text, path.string());
  file.package = package_header(text, path.string());
  if (const Value* defaults = file.config.find("defaults")) {
    file.defaults = parse_defaults(*defaults);
    file.config.map().erase("defaults");
  }
  return file;
}

std::vector<std::string> listed(const std::set<std::string>& names) {
  return {names.begin(), names.end()};
}

}  // namespace

Repository::Repository(std::vector<SearchFolder> folders) : folders_(std::move(folders)) {
  for (const auto& folder : folders_) {
    if (!fs::is_directory(folder.path)) {
      throw ConfigError("config folder '" + folder.path.string() + "' does not exist");
    }
  }
}

void Repository::add(const fs::path& folder) { folders_.push_back({folder, false}); }

std::optional<fs::path> Repository::find(const std::string& name, bool& fallback) const {
  for (const auto& folder : folders_) {
    const fs::path file = folder.path / file_name(name);
    if (fs::is_regular_file(file)) {
      fallback = folder.fallback;
      return file;
    }
  }
  return std::nullopt;
}

const ConfigFile* Repository::load(const std::string& name) {
  const auto known = loaded_.find(name);
  if (known != loaded_.end()) return known->second ? &*known->second : nullptr;
  std::optional<ConfigFile> file;
  bool fallback = false;
  if (const auto path = find(name, fallback)) {
    file = load_file(*path);
    file->fallback = fallback;
  } else if (name == "hydra/config") {
    file.emplace();
    file->config = hydra_config();
    file->defaults = parse_defaults(hydra_defaults());
  } else if (config_exists(name)) {
    file.emplace();
    file->config = Value(Map());
  }
  auto& kept = loaded_[name] = std::move(file);
  return kept ? &*kept : nullptr;
}

bool Repository::config_exists(const std::string& name) const {
  bool fallback = false;
  if (find(name, fallback)) return true;
  if (name == "hydra/config") return true;
  const size_t slash = name.rfind('/');
  return slash != std::string::npos && is_hydra_group(name.substr(0, slash));
}

bool Repository::group_exists(const std::string& group) const {
  const auto here = [&](const SearchFolder& folder) {
    return fs::is_directory(folder.path / group);
  };
  return is_hydra_group(group) || std::any_of(folders_.begin(), folders_.end(), here);
}

bool Repository::only_fallback(const std::string& group) const {
  if (is_hydra_group(group)) return false;
  return std::none_of(folders_.begin(), folders_.end(), [&](const SearchFolder& folder) {
    return !folder.fallback && fs::is_directory(folder.path / group);
  });
}

std::vector<std::string> Repository::options(const std::string& group) const {
  std::set<std::string> names;
  for (const auto& folder : folders_) {
    if (!fs::is_directory(folder.path / group)) continue;
    for (const auto& entry : fs::directory_iterator(folder.path / group)) {
      const bool yaml = entry.path().extension() == ".yaml";
      if (yaml && entry.is_regular_file()) names.insert(entry.path().stem().string());
    }
  }
  return listed(names);
}

std::vector<std::string> Repository::groups(const std::string& group) const {
  std::set<std::string> names;
  for (const auto& folder : folders_) {
    if (!fs::is_directory(folder.path / group)) continue;
    for (const auto& entry : fs::directory_iterator(folder.path / group)) {
      const std::string name = entry.path().filename().string();
      if (entry.is_directory() && name != "__pycache__") names.insert(name);
    }
  }
  return listed(names);
}

std::string Repository::searched() const {
  std::string text = "; searched in: ";
  for (const auto& folder : folders_) {
    text += (&folder == &folders_.front() ? "" : ", ") + folder.path.string();
  }
  return folders_.empty() ? "; there is no config folder to search" : text;
}

}  // namespace manyfold::config
