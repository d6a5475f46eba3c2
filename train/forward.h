#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/replay.h"
#include "graph/trace.h"
#include "models/multitask.h"
#include "train/evaluate.h"

namespace manyfold::train {

/// A model as a job runs it: the module itself, or its graph in the arithmetic of a device.
struct Forward {
  /// uint8 [N, 3, H, W] -> what the heads read, each with N rows.
  std::function<std::vector<torch::Tensor>(const torch::Tensor& pictures)> encode;
  /// The raw outputs of one task from what `encode` returned. `rows`: int64, which of them.
  std::function<std::vector<torch::Tensor>(const std::string& task,
                                           const std::vector<torch::Tensor>& features,
                                           const std::optional<torch::Tensor>& rows)>
      head;
};

/// The module as it stands, in its own mode.
Forward forward_of(models::MultiTaskModel model);

/// A graph that `trace_model` made, passes since then included. A head's part is what its outputs
/// need and stands in its scope, so that a head which nobody asks for costs nothing.
Forward forward_of(std::shared_ptr<const graph::Replay> replay);

/// The model's graph. Its outputs are named "<task>", or "<task>.0", "<task>.1" of a head with
/// several. Traced on the model's device.
graph::Graph trace_model(models::MultiTaskModel& model, cv::Size input,
                         graph::Mode mode = graph::Mode::eval);

/// A Forward as a predictor, without gradients: pictures are moved to `device`, results to the CPU.
/// The caller sets evaluation mode.
Predictor predictor(Forward forward, std::vector<std::string> tasks, torch::Device device);
/// The module itself as a predictor.
Predictor predictor(models::MultiTaskModel model);

}  // namespace manyfold::train
