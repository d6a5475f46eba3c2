#include "cli/predict/predictions.h"

#include "cli/label/label_json.h"
#include "cli/predict/picture_files.h"
#include "data/augment/warp.h"
#include "report/overlay.h"

namespace manyfold::cli {

Predictions predict(const LoadedModel& loaded, const cv::Mat& rgb, models::State* state) {
  const auto size = loaded.job.data.network_size();
  const auto geometry = data::fit(rgb.size(), size, loaded.job.data.how());
  const auto picture = network_picture(rgb, loaded.job.data).unsqueeze(1);
  auto seen = loaded.predict.along(picture, state ? *state : models::State());
  if (state) *state = std::move(seen.state);
  Predictions predictions;
  for (const auto& [name, options] : loaded.job.tasks) {
    const auto label = options.task->decode(seen.outputs.at(name), size).at(0);
    predictions[name] = data::unwarp_label(label, geometry, rgb.size());
  }
  return predictions;
}

cv::Mat overlay(const LoadedModel& loaded, const cv::Mat& rgb, const Predictions& predictions) {
  cv::Mat drawn = rgb.clone();
  for (const auto& [name, options] : loaded.job.tasks) {
    report::OverlayStyle style;
    style.least_score = options.task->threshold();
    report::draw(drawn, predictions.at(name), options.task->label(), style);
  }
  return drawn;
}

nlohmann::json as_json(const LoadedModel& loaded, const Predictions& predictions) {
  nlohmann::json tasks = nlohmann::json::object();
  for (const auto& [name, options] : loaded.job.tasks) {
    tasks[name] =
        label_json(predictions.at(name), options.task->label(), options.task->threshold());
  }
  return tasks;
}

}  // namespace manyfold::cli
