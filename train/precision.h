#pragma once

#include <memory>
#include <opencv2/core/types.hpp>
#include <string>
#include <vector>

#include "train/autocast.h"
#include "train/forward.h"

namespace manyfold::train {

/// The arithmetic that a model is trained in. Weights, gradients and optimiser are float in all.
enum class Precision {
  fp32,
  bf16,         // convolutions and linear layers in bfloat16
  fp16,         // the same in half precision, on a GPU, with a scaled loss
  fp16_device,  // float, every value rounded to half precision: what an FP16-only device computes
  int8,
};

/// As a config names them, in that order.
const std::vector<std::string>& precision_names();
/// Throws ConfigError for an unknown name, with the nearest one.
Precision precision_of(const std::string& name);
std::string name_of(Precision precision);

/// The loss is to be scaled (train/grad_scaler.h).
bool scales_loss(Precision precision);
/// Values are limited to half precision's range, on the device that trains or on the one that the
/// model is for.
bool needs_half_range(Precision precision);

/// How a model is run in training and judged.
struct PrecisionForward {
  Forward training;    // gradients reach the module's own parameters; outputs are float
  Forward evaluation;  // outputs are float
};

/// A model whose parts are frozen, if any are, and which is on its device: `fp16_device` records
/// both. input: size of the pictures.
/// Throws UserError for a precision that the model's device cannot run, with the way out.
PrecisionForward forward_in(Precision precision, models::MultiTaskModel model, cv::Size input);

/// The graph that `forward_in` runs. Its plain form where the arithmetic is autocast's: run it
/// under `autocast_in`.
graph::Graph graph_in(Precision precision, models::MultiTaskModel model, cv::Size input,
                      graph::Mode mode);
/// Null where the precision needs none. Throws as `forward_in`.
std::unique_ptr<AutocastGuard> autocast_in(Precision precision, torch::Device device);

}  // namespace manyfold::train
