#include "train/task.h"

#include <algorithm>
#include <cctype>

#include "train/tasks/table.h"

namespace manyfold::train {

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

std::vector<torch::Tensor> only_outputs(const std::vector<std::vector<torch::Tensor>>& answers) {
  std::vector<torch::Tensor> outputs;
  for (const auto& answer : answers) outputs.push_back(answer.at(0));
  return outputs;
}

std::string task_name_problem(const std::string& name) {
  const auto allowed = [](unsigned char letter) {
    return letter < 0x80 && (std::isalnum(letter) || letter == '_' || letter == '-');
  };
  if (name.empty() || !std::all_of(name.begin(), name.end(), allowed)) {
    return "where '" + name + "' cannot name a task: use letters, digits, _ and -";
  }
  if (name == "pictures") {
    return "where 'pictures' cannot name a task: the exported model's input is called so";
  }
  if (name.rfind(kStateIn, 0) == 0 || name.rfind(kStateOut, 0) == 0) {
    return "where '" + name + "' cannot name a task: what an exported model remembers is called so";
  }
  return "";
}

}  // namespace manyfold::train
