#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>
#include <string>

#include "cli/job/load_model.h"

namespace manyfold::cli {

/// What a model says of one picture, by task, in the picture's own pixels.
using Predictions = std::map<std::string, data::Label>;

/// `rgb`: CV_8UC3. `state`: of a stream of frames, what is remembered of those before (empty at its
/// start), replaced by what is remembered after this one; null for a picture by itself.
Predictions predict(const LoadedModel& loaded, const cv::Mat& rgb, models::State* state = nullptr);

/// The picture with what is said of it drawn over it.
cv::Mat overlay(const LoadedModel& loaded, const cv::Mat& rgb, const Predictions& predictions);

nlohmann::json as_json(const LoadedModel& loaded, const Predictions& predictions);

}  // namespace manyfold::cli
