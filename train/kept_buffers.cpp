#include "train/kept_buffers.h"

namespace manyfold::train {

KeptBuffers::KeptBuffers(torch::nn::Module& module) : module_(module) {
  for (const auto& entry : module.named_buffers()) copies_[entry.key()] = entry.value().clone();
}

void KeptBuffers::restore() {
  const torch::NoGradGuard no_grad;
  for (auto& entry : module_.named_buffers()) entry.value().copy_(copies_.at(entry.key()));
}

}  // namespace manyfold::train
