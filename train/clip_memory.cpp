#include "train/clip_memory.h"

#include <torch/types.h>

namespace manyfold::train {

ClipMemory::ClipMemory(const std::vector<models::StateInfo>& states, int64_t clips, int64_t height,
                       int64_t width)
    : Module("ClipMemory") {
  for (const auto& info : states) {
    register_buffer(
        info.name, torch::zeros({clips, info.channels, height / info.stride, width / info.stride}));
  }
}

models::State ClipMemory::before(const data::Batch& batch) const {
  models::State state;
  if (!batch.continues) return state;
  for (const auto& buffer : buffers()) state.push_back(buffer.narrow(0, 0, batch.size()).clone());
  return state;
}

void ClipMemory::keep(const models::State& state) {
  const torch::NoGradGuard no_grad;
  const auto kept = buffers();
  for (size_t i = 0; i < state.size(); ++i) kept[i].narrow(0, 0, state[i].size(0)).copy_(state[i]);
}

}  // namespace manyfold::train
