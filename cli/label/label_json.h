#pragma once

#include <nlohmann/json.hpp>

#include "data/label.h"

namespace manyfold::cli {

/// A prediction as JSON, one frame of it: {"class", "score"} or {"objects": [{"class", "score",
/// "box": [x, y, w, h], "landmarks": [[x, y], ...]}]} in pixels; for a mask {"shares": {class:
/// share of the picture}}. Objects below `least_score` are left out.
nlohmann::json label_json(const data::Label& label, const data::LabelSpec& spec,
                          double least_score);

}  // namespace manyfold::cli
