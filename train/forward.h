#pragma once

#include <memory>
#include <opencv2/core/types.hpp>
#include <optional>
#include <string>
#include <vector>

#include "graph/replay.h"
#include "graph/trace.h"
#include "models/clip.h"
#include "models/multitask.h"
#include "train/predictor.h"
#include "train/task.h"

namespace manyfold::train {

/// A model as a job runs it: the module itself, or its graph in the arithmetic of a device.
struct Forward {
  /// uint8 [R, 3, H, W] -> the encoder's maps, each with R rows.
  std::function<std::vector<torch::Tensor>(const torch::Tensor& pictures)> encode;
  /// Those maps of one frame of N clips, and what is remembered -> what the heads read, and what is
  /// remembered then. Empty where nothing is: the heads read the maps.
  models::TimeStep remember;
  /// The raw outputs of one task from what `encode` returned. `rows`: int64, which of them.
  std::function<std::vector<torch::Tensor>(const std::string& task,
                                           const std::vector<torch::Tensor>& features,
                                           const std::optional<torch::Tensor>& rows)>
      head;
};

/// What the heads read, of the encoder's maps of N clips with `frames` each, and the state after
/// the last frame.
models::Remembered remembered(const Forward& forward, const std::vector<torch::Tensor>& maps,
                              int64_t frames, const models::State& state = {});

/// What the heads read of clips, uint8 [N, T, 3, H, W], with N * T rows (frame t of clip n is row
/// n * T + t): the encoder sees all frames at once, memory goes along them from `state` (empty: the
/// start). Also the state after the last frame.
models::Remembered look_at(const Forward& forward, const torch::Tensor& clips,
                           const models::State& state = {});

/// The module as it stands, in its own mode.
Forward forward_of(models::MultiTaskModel model);

/// A graph that `trace_model` made, passes since then included. A head's part is what its outputs
/// need and stands in its scope, so that a head which nobody asks for costs nothing.
Forward forward_of(std::shared_ptr<const graph::Replay> replay);

/// The model's graph. Its outputs are named "<task>", or "<task>.0", "<task>.1" of a head with
/// several. Of a model with memory it is one step in time, with an input `kStateIn` + name and an
/// output `kStateOut` + name for each tensor of its state, behind the pictures and the tasks.
/// Traced on the model's device.
graph::Graph trace_model(models::MultiTaskModel& model, cv::Size input,
                         graph::Mode mode = graph::Mode::eval);

/// The inputs that hold the state, in its order; none of a model without memory.
std::vector<std::string> state_inputs(const graph::Graph& graph);

/// The output that is given to a state's input with the next frame.
std::string state_output(const std::string& input);

/// Everything that a graph of `trace_model` is fed for stills: uint8 [N, 3, H, W], and the start
/// where it remembers.
graph::TensorMap inputs_for(const graph::Graph& graph, const torch::Tensor& pictures);

/// The same of clips, uint8 [N, T, 3, H, W]: every frame with the state before it, N * T rows
/// (frame t of clip n is row n * T + t). `graph` is run for it, without gradients.
graph::TensorMap inputs_along(const graph::Graph& graph, const torch::Tensor& clips);

/// The names of a task's outputs, in order.
std::vector<std::string> outputs_of(const graph::Graph& graph, const std::string& task);

/// A Forward as a predictor, without gradients: pictures are moved to `device`, results to the CPU.
/// The caller sets evaluation mode.
Predictor predictor(Forward forward, std::vector<std::string> tasks, torch::Device device);
/// The module itself as a predictor.
Predictor predictor(models::MultiTaskModel model);

}  // namespace manyfold::train
