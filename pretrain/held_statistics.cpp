#include "pretrain/held_statistics.h"

namespace manyfold::pretrain {

HeldStatistics::HeldStatistics(torch::nn::Module& module) {
  for (const auto& child : module.modules(/*include_self=*/false)) {
    auto* norm = child->as<torch::nn::BatchNorm2d>();
    if (!norm) continue;
    momenta_.emplace_back(norm, norm->options.momentum());
    norm->options.momentum(0.0);
  }
}

HeldStatistics::~HeldStatistics() {
  for (auto& [norm, momentum] : momenta_) norm->options.momentum(momentum);
}

}  // namespace manyfold::pretrain
