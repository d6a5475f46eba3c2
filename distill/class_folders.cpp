#include "distill/class_folders.h"

#include "common/error.h"

namespace manyfold::distill {
namespace {

namespace fs = std::filesystem;

void link_or_copy(const fs::path& file, const fs::path& link) {
  std::error_code error;
  fs::create_directories(link.parent_path(), error);
  if (!error) fs::create_hard_link(file, link, error);
  if (error) fs::copy_file(file, link, error);
  if (error) throw UserError(link.string() + ": cannot be written: " + error.message());
}

}  // namespace

void write_class_folders(const LabelledSource& source, const data::LabelSpecs& specs,
                         const data::CocoWriteOptions& options) {
  for (const auto& [task, spec] : specs) {
    if (spec.kind != data::LabelSpec::Kind::class_index) continue;
    const auto folder = options.folder / task / options.split;
    for (int64_t i = 0; i < source.size(); ++i) {
      const auto index = source.class_of(i, task);
      if (!index) continue;
      const auto picture = options.folder / data::coco_picture(options, i);
      const auto& name = spec.classes.at(static_cast<size_t>(*index));
      link_or_copy(picture, folder / name / picture.filename());
    }
  }
}

void check_class_folders(const data::LabelSpecs& specs) {
  for (const auto& [task, spec] : specs) {
    if (spec.kind != data::LabelSpec::Kind::class_index) continue;
    for (const auto& name : spec.classes) {
      if (!name.empty() && name.front() != '.' && name.find('/') == name.npos) continue;
      throw UserError("class '" + name + "' of task " + task +
                      " cannot be the name of a folder: it must not be empty, begin with a dot or "
                      "hold a slash");
    }
  }
}

}  // namespace manyfold::distill
