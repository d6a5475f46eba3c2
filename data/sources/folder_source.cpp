#include "data/sources/folder_source.h"

#include <algorithm>

#include "common/error.h"
#include "data/files/picture_file.h"

namespace manyfold::data {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> sorted_entries(const fs::path& folder, bool folders) {
  std::vector<fs::path> entries;
  try {
    for (const auto& entry : fs::directory_iterator(folder)) {
      const bool hidden = entry.path().filename().string().front() == '.';
      if (!hidden && entry.is_directory() == folders) entries.push_back(entry.path());
    }
  } catch (const fs::filesystem_error& error) {
    throw UserError(folder.string() + ": the folder cannot be read: " + error.code().message());
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

}  // namespace

FolderSource::FolderSource(const std::string& name, const FolderOptions& options,
                           const std::vector<std::pair<std::string, LabelOptions>>& labels,
                           const LabelSpecs& specs)
    : Source(name, /*synthetic=*/false), root_(options.root) {
  const auto folders = sorted_entries(root_ / options.split, /*folders=*/true);
  std::vector<std::string> classes;
  for (const auto& folder : folders) classes.push_back(folder.filename().string());
  for (const auto& [task, label] : labels) {
    const auto spec = specs.find(task);
    if (spec == specs.end()) continue;
    rules_.push_back(make_rule("source " + name, task, label, spec->second,
                               {{"folder", LabelSpec::Kind::class_index}}, classes));
  }
  for (size_t i = 0; i < folders.size(); ++i) {
    const bool wanted = rules_.empty() || std::any_of(rules_.begin(), rules_.end(), [&](auto& r) {
                          return r.class_of[i] != LabelRule::kSkip;
                        });
    if (wanted) list(folders[i], i);
  }
  if (items_.empty()) {
    throw UserError("source " + name + ": " + (root_ / options.split).string() +
                    " holds no pictures in class folders (<split>/<class>/<picture>)");
  }
}

void FolderSource::list(const fs::path& folder, size_t index) {
  for (const auto& path : sorted_entries(folder, /*folders=*/false)) {
    if (named_like_picture(path)) {
      items_.push_back({path.lexically_relative(root_).string(), index});
    } else {
      problems_.push_back({Fault::not_a_picture, path.string(),
                           "is left out: its name does not end like a picture's"});
    }
  }
}

Sample FolderSource::get(int64_t index, int64_t detail) const {
  const auto& item = items_.at(index);
  const auto path = root_ / item.file;
  Sample sample;
  auto& frame = sample.frames.emplace_back();
  frame.picture = decode_picture(read_sample_file(path), path.string(), detail);
  sample.origin = {name(), item.file, synthetic()};
  for (const auto& rule : rules_) {
    const auto label = rule.class_of[item.folder];
    if (label != LabelRule::kSkip) frame.labels[rule.task] = ClassIndex{label};
  }
  return sample;
}

std::string FolderSource::sample_name(int64_t index) const { return items_.at(index).file; }

std::vector<fs::path> FolderSource::files(int64_t index) const {
  return {root_ / items_.at(index).file};
}

}  // namespace manyfold::data
