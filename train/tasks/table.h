#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "train/task.h"

namespace manyfold::train {

/// Every kind of task that a config may name as `type`.
const std::map<std::string, std::function<std::shared_ptr<Task>()>>& task_types();

}  // namespace manyfold::train
