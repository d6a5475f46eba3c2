#include "train/ema.h"

#include <algorithm>

namespace manyfold::train {
namespace {

using models::StateDict;

void copy_into(const torch::nn::Module& module, const StateDict& from) {
  torch::NoGradGuard no_grad;
  for (const auto& [name, tensor] : models::state_dict(module)) tensor.copy_(from.at(name));
}

StateDict copy_of(const torch::nn::Module& module) {
  auto state = models::state_dict(module);
  for (auto& [name, tensor] : state) tensor = tensor.detach().clone();
  return state;
}

}  // namespace

WeightAverage::WeightAverage(const torch::nn::Module& module, double decay)
    : decay_(decay), weights_(copy_of(module)) {}

void WeightAverage::update(const torch::nn::Module& module) {
  torch::NoGradGuard no_grad;
  const double t = static_cast<double>(updates_++);
  const double decay = std::min(decay_, (1 + t) / (10 + t));
  for (const auto& [name, tensor] : models::state_dict(module)) {
    auto& average = weights_.at(name);
    if (average.is_floating_point()) {
      average.lerp_(tensor, 1 - decay);
    } else {
      average.copy_(tensor);
    }
  }
}

void WeightAverage::load(const StateDict& weights, int64_t updates) {
  torch::NoGradGuard no_grad;
  for (auto& [name, average] : weights_) average.copy_(weights.at(name));
  updates_ = updates;
}

WeightAverage::Applied::Applied(const WeightAverage& average, torch::nn::Module& module)
    : module_(module), own_(copy_of(module)) {
  copy_into(module_, average.weights_);
}

WeightAverage::Applied::~Applied() { copy_into(module_, own_); }

}  // namespace manyfold::train
