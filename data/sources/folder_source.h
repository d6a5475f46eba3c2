#pragma once

#include <string>
#include <utility>
#include <vector>

#include "data/sources/source_options.h"

namespace manyfold::data {

/// Pictures sorted into a folder for each class: `<root>/<split>/<class>/<picture>`. Folders of
/// classes that every rule leaves out are left out. Order: by folder, then by file name.
class FolderSource : public Source {
 public:
  FolderSource(const std::string& name, const FolderOptions& options,
               const std::vector<std::pair<std::string, LabelOptions>>& labels,
               const LabelSpecs& specs);

  int64_t size() const override { return static_cast<int64_t>(items_.size()); }
  Sample get(int64_t index, int64_t detail = 0) const override;
  std::string sample_name(int64_t index) const override;
  std::vector<std::filesystem::path> files(int64_t index) const override;

 private:
  struct Item {
    std::string file;  // relative to root_
    size_t folder;     // index into the sorted folders
  };
  void list(const std::filesystem::path& folder, size_t index);

  std::filesystem::path root_;
  std::vector<LabelRule> rules_;
  std::vector<Item> items_;
};

}  // namespace manyfold::data
