#include "train/ema.h"

#include <algorithm>
#include <cmath>

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

double average_decay(const AverageSchedule& schedule, int64_t updates) {
  const double t = static_cast<double>(updates);
  if (!schedule.cosine) return std::min(schedule.decay, (1 + t) / (10 + t));
  if (updates >= schedule.steps) return 1;
  const double shape = 0.5 * (1 + std::cos(M_PI * t / static_cast<double>(schedule.steps)));
  return 1 - (1 - schedule.decay) * shape;
}

WeightAverage::WeightAverage(const torch::nn::Module& module, const AverageSchedule& schedule)
    : schedule_(schedule), weights_(copy_of(module)) {}

void WeightAverage::update(const torch::nn::Module& module) {
  torch::NoGradGuard no_grad;
  const double decay = average_decay(schedule_, updates_++);
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
