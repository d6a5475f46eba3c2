#include "train/tasks/table.h"

#include "train/tasks/classification.h"
#include "train/tasks/faces.h"
#include "train/tasks/segmentation.h"

namespace manyfold::train {

const std::map<std::string, std::function<std::shared_ptr<Task>()>>& task_types() {
  static const std::map<std::string, std::function<std::shared_ptr<Task>()>> table = {
      {"classification", [] { return std::make_shared<ClassificationTask>(); }},
      {"faces", [] { return std::make_shared<FacesTask>(); }},
      {"segmentation", [] { return std::make_shared<SegmentationTask>(); }},
  };
  return table;
}

void TaskOptions::fields(config::Fields& f) {
  config::Fields::Alternatives alternatives;
  for (const auto& [name, make] : task_types()) {
    alternatives[name] = [this, make = make](config::Fields& inner) {
      task = make();
      task->fields(inner);
    };
  }
  f.required("type");
  f.variant("type", type, "The kind of task.", alternatives);
  f.field("weight", weight, "Factor on the task's loss.", config::at_least(0));
}

data::LabelSpecs label_specs(const Tasks& tasks) {
  data::LabelSpecs specs;
  for (const auto& [name, options] : tasks) specs[name] = options.task->label();
  return specs;
}

}  // namespace manyfold::train
