#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "cli/label/label_options.h"
#include "data/data_options.h"

namespace manyfold::cli {

/// The models that label, ready to be asked.
struct LabelTeachers {
  std::vector<distill::Annotator> annotators;
  data::DataOptions data;     // of the first model: sources, and how pictures get to all models
  data::LabelSpecs specs;     // of the first model's tasks, which its sources can label
  nlohmann::json provenance;  // [{model, sha256, tasks}]
};

/// Loads the models. A YAML file is a job's config: the teachers under its `distill.teachers`
/// label. Throws UserError when one takes pictures of another size or fit than the first, and
/// ConfigError for a task that none has and a config without teachers.
LabelTeachers open_label_teachers(const LabelJob& job);

}  // namespace manyfold::cli
