#pragma once

#include <torch/nn/module.h>

#include <cstdint>

#include "models/weights.h"

namespace manyfold::train {

/// A moving average of a module's weights, which usually scores better than the weights themselves
/// (Polyak averaging; the decay warms up as in TensorFlow's ExponentialMovingAverage):
///   average = d average + (1 - d) weight,   d = min(decay, (1 + updates) / (10 + updates))
/// Floating-point buffers (BatchNorm statistics) are averaged alike; whole-number buffers are
/// copied.
class WeightAverage {
 public:
  WeightAverage(const torch::nn::Module& module, double decay);

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
  double decay_;
  int64_t updates_ = 0;
  models::StateDict weights_;
};

}  // namespace manyfold::train
