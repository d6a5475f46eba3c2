#pragma once

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "common/config/reader.h"
#include "common/config/yaml_reader.h"
#include "common/error.h"
#include "train/task.h"

namespace manyfold::train {

/// The task that an entry of `tasks` describes.
inline std::shared_ptr<Task> make_task(const std::string& yaml) {
  return config::read<TaskOptions>(config::parse_yaml(yaml, "task.yaml")).task;
}

/// Figures as a metric gives them, by name and value.
inline std::vector<metrics::Figure> figures(
    const std::vector<std::pair<std::string, double>>& values) {
  std::vector<metrics::Figure> all;
  for (const auto& [name, value] : values) {
    all.emplace_back();
    all.back().name = name;
    all.back().value = value;
  }
  return all;
}

inline std::string mistake(const std::string& yaml) {
  try {
    make_task(yaml);
  } catch (const ConfigError& error) {
    return error.what();
  }
  ADD_FAILURE() << "no ConfigError";
  return "";
}

}  // namespace manyfold::train
