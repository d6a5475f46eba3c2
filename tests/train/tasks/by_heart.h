#pragma once

#include <torch/optim/adam.h>

#include <algorithm>
#include <memory>
#include <opencv2/imgproc.hpp>
#include <string>
#include <utility>
#include <vector>

#include "data/loading/collate.h"
#include "metrics/matching.h"
#include "models/encoders.h"
#include "models/heads.h"
#include "models/multitask.h"
#include "train/task.h"

namespace manyfold::train {

constexpr int kByHeartSide = 96;

/// What the smallest shipped encoder with the task's head says of drawn pictures of 96 x 96, each
/// with its label, once it has learnt them by heart. It stays in training mode to the end: after so
/// few steps BatchNorm's running statistics lag behind.
inline std::vector<data::Label> learnt_by_heart(
    const Task& task, const std::vector<std::pair<cv::Mat, data::Label>>& drawn, int steps) {
  std::vector<data::Sample> samples;
  for (const auto& [picture, label] : drawn) {
    data::Sample sample;
    sample.frames = {{picture, {{"task", label}}}};
    samples.push_back(std::move(sample));
  }
  const auto batch = data::collate(samples, {{"task", task.label()}});
  const auto pictures = batch.pictures.flatten(0, 1);
  const auto encoder = models::encoders().at("edge_200k")(models::Stem::conv);
  models::MultiTaskModel model(encoder,
                               std::vector<std::pair<std::string, std::shared_ptr<models::Head>>>{
                                   {"task", task.make_head(encoder->features())}});
  torch::optim::Adam optimiser(model->parameters(), torch::optim::AdamOptions(3e-3));
  for (int step = 0; step < steps; ++step) {
    auto loss = torch::zeros({});
    for (const auto& term : task.loss(model->forward(pictures).at("task"), batch.labels.at("task")))
      loss = loss + term.weight * term.value;
    optimiser.zero_grad();
    loss.backward();
    optimiser.step();
  }
  const torch::NoGradGuard no_grad;
  return task.decode(model->forward(pictures).at("task"), {kByHeartSide, kByHeartSide});
}

/// The objects of a label that people are shown.
inline std::vector<data::Object> shown(const Task& task, const data::Label& label) {
  auto objects = std::get<data::Objects>(label).list;
  objects.erase(std::remove_if(objects.begin(), objects.end(),
                               [&](const auto& o) { return o.score < task.threshold(); }),
                objects.end());
  return objects;
}

/// The object of the class that overlaps `box` most; none when there is no such overlap.
inline const data::Object* best_at(const std::vector<data::Object>& objects, const cv::Rect2f& box,
                                   int64_t class_index) {
  const data::Object* best = nullptr;
  double most = 0;
  for (const auto& object : objects) {
    const double overlap = metrics::box_iou(object.box, box);
    if (object.class_index != class_index || overlap <= most) continue;
    most = overlap;
    best = &object;
  }
  return best;
}

}  // namespace manyfold::train
