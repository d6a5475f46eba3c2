#pragma once

#include <torch/nn/module.h>

#include <cstdint>

#include "models/weights.h"

namespace manyfold::train {

/// How long an average remembers, over a run.
struct AverageSchedule {
  double decay = 0.998;
  bool cosine = false;  // from `decay` to 1 over `steps` updates, instead of warming up
  int64_t steps = 0;
};

/// The decay of an update, counted from 0:
///   warm-up   min(decay, (1 + updates) / (10 + updates)), as TensorFlow's ExponentialMovingAverage
///   cosine    1 - (1 - decay) (1 + cos(pi updates / steps)) / 2; 1 from `steps` on. The teacher of
///             a self-distillation, which stands still at the end (BYOL, arXiv:2006.07733; DINO)
double average_decay(const AverageSchedule& schedule, int64_t updates);

/// A moving average of a module's weights, which usually scores better than the weights themselves
/// (Polyak averaging):
///   average = d average + (1 - d) weight,   d = average_decay(schedule, updates)
/// Floating-point buffers (BatchNorm statistics) are averaged alike; whole-number buffers are
/// copied.
class WeightAverage {
 public:
  WeightAverage(const torch::nn::Module& module, const AverageSchedule& schedule);

  void update(const torch::nn::Module& module);

  const models::StateDict& weights() const { return weights_; }
  int64_t updates() const { return updates_; }
  void load(const models::StateDict& weights, int64_t updates);

  /// While it lives, the module holds the averaged weights; then its own again.
  class Applied {
   public:
    Applied(const WeightAverage& average, torch::nn::Module& module);
    ~Applied();
    Applied(const Applied&) = delete;
    Applied& operator=(const Applied&) = delete;

   private:
    torch::nn::Module& module_;
    models::StateDict own_;
  };

 private:
  AverageSchedule schedule_;
  int64_t updates_ = 0;
  models::StateDict weights_;
};

}  // namespace manyfold::train
