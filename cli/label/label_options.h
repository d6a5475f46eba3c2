#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/coco_writer.h"
#include "distill/pseudo_labels.h"

namespace manyfold::cli {

/// What `manyfold label` is asked to do.
struct LabelJob {
  std::vector<std::filesystem::path> models;  // the first one's config gives data.size and sources
  std::vector<std::string> overrides;         // of every model's config
  std::vector<std::string> paths;             // pictures and folders
  std::string source;                         // or a source of the config, by name
  std::vector<std::string> tasks;             // to label; empty = all that the models have
  distill::PseudoLabelOptions rules;
  data::CocoWriteOptions write;
  int64_t batch = 16;  // pictures predicted at once
};

/// Reads a command line; nothing when it asks for help, which is then printed. Throws ConfigError
/// for one that is wrong.
std::optional<LabelJob> parse_label_job(const std::vector<std::string>& arguments);

/// Throws UserError when a file or folder of the set that is to be written is there already; of a
/// set of clips, when anything is in its folder.
void refuse_old_set(const data::CocoWriteOptions& write, const data::LabelSpecs& specs, bool clips);

}  // namespace manyfold::cli
