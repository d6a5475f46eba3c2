#pragma once

#include <torch/nn/module.h>

#include "models/weights.h"

namespace manyfold::train {

/// The buffers of a module (BatchNorm statistics) as they are now, to be put back.
class KeptBuffers {
 public:
  explicit KeptBuffers(torch::nn::Module& module);
  void restore();

 private:
  torch::nn::Module& module_;
  models::StateDict copies_;
};

}  // namespace manyfold::train
