#include "train/ema.h"

#include <algorithm>

namespace manyfold::train {
namespace {

using torch::Tensor;

std::map<std::string, Tensor> tensors_of(const torch::nn::Module& module) {
  std::map<std::string, Tensor> tensors;
  for (const auto& entry : module.named_parameters()) tensors[entry.key()] = entry.value();
  for (const auto& entry : module.named_buffers()) tensors[entry.key()] = entry.value();
  return tensors;
}

void copy_into(const torch::nn::Module& module, const std::map<std::string, Tensor>& from) {
  torch::NoGradGuard no_grad;
  for (auto& [name, tensor] : tensors_of(module)) Tensor(tensor).copy_(from.at(name));
}

std::map<std::string, Tensor> clones(const std::map<std::string, Tensor>& tensors) {
  std::map<std::string, Tensor> copies;
  for (const auto& [name, tensor] : tensors) copies[name] = tensor.detach().clone();
  return copies;
}

}  // namespace

WeightAverage::WeightAverage(const torch::nn::Module& module, double decay)
    : decay_(decay), weights_(clones(tensors_of(module))) {}

void WeightAverage::update(const torch::nn::Module& module) {
  torch::NoGradGuard no_grad;
  const double t = static_cast<double>(updates_++);
  const double decay = std::min(decay_, (1 + t) / (10 + t));
  for (const auto& [name, tensor] : tensors_of(module)) {
    auto& average = weights_.at(name);
    if (average.is_floating_point()) {
      average.lerp_(tensor, 1 - decay);
    } else {
      average.copy_(tensor);
    }
  }
}

void WeightAverage::load(const std::map<std::string, Tensor>& weights, int64_t updates) {
  torch::NoGradGuard no_grad;
  for (auto& [name, average] : weights_) average.copy_(weights.at(name));
  updates_ = updates;
}

WeightAverage::Applied::Applied(const WeightAverage& average, torch::nn::Module& module)
    : module_(module), own_(clones(tensors_of(module))) {
  copy_into(module_, average.weights_);
}

WeightAverage::Applied::~Applied() { copy_into(module_, own_); }

}  // namespace manyfold::train
