#pragma once

#include <torch/nn/module.h>

#include "data/loading/batch.h"
#include "models/temporal.h"

namespace manyfold::train {

/// What a model remembers between two steps that go on with the same clips. Its buffers stand in
/// checkpoints, so that a run may be stopped between the two.
class ClipMemory : public torch::nn::Module {
 public:
  /// `clips`: the most in a batch. `height`, `width`: of the pictures.
  ClipMemory(const std::vector<models::StateInfo>& states, int64_t clips, int64_t height,
             int64_t width);

  /// Before a batch: what the last one left, where it goes on with its clips; else the start.
  models::State before(const data::Batch& batch) const;
  /// After a batch of clips.
  void keep(const models::State& state);
};

}  // namespace manyfold::train
