#include "models/multitask.h"

#include <torch/types.h>

#include <algorithm>

#include "common/error.h"

namespace manyfold::models {

using torch::Tensor;

MultiTaskModelImpl::MultiTaskModelImpl(
    std::shared_ptr<Encoder> encoder,
    std::vector<std::pair<std::string, std::shared_ptr<Head>>> heads,
    std::shared_ptr<Temporal> temporal)
    : encoder_(std::move(encoder)), heads_(std::move(heads)), temporal_(std::move(temporal)) {
  const auto mean = torch::tensor({0.485f, 0.456f, 0.406f}).view({1, 3, 1, 1});
  const auto deviation = torch::tensor({0.229f, 0.224f, 0.225f}).view({1, 3, 1, 1});
  scale_ = register_buffer("scale", 1 / (255 * deviation));
  shift_ = register_buffer("shift", -mean / deviation);
  register_module("encoder", encoder_);
  if (temporal_) register_module("temporal", temporal_);
  auto group = register_module("heads", std::make_shared<torch::nn::Module>("Heads"));
  for (const auto& [task, head] : heads_) group->register_module(task, head);
}

std::vector<Tensor> MultiTaskModelImpl::encode(const Tensor& pictures) {
  return encoder_->forward(pictures.to(scale_.scalar_type()) * scale_ + shift_);
}

Remembered MultiTaskModelImpl::remember(const std::vector<Tensor>& features, const State& state) {
  if (temporal_) return temporal_->forward(features, state);
  TORCH_CHECK(state.empty(), "MultiTaskModel: has no temporal layer, got a state of ", state.size(),
              " tensors");
  return {features, {}};
}

std::vector<Tensor> MultiTaskModelImpl::head(const std::string& task,
                                             const std::vector<Tensor>& features) {
  for (const auto& [name, head] : heads_) {
    if (name == task) return head->forward(features);
  }
  TORCH_CHECK(false, "MultiTaskModel: no head for task '", task, "'");
}

Outputs MultiTaskModelImpl::forward(const Tensor& pictures) {
  return forward(pictures, State{}).outputs;
}

Step MultiTaskModelImpl::forward(const Tensor& pictures, const State& state) {
  auto [features, next] = remember(encode(pictures), state);
  Step step{{}, std::move(next)};
  for (const auto& [name, head] : heads_) step.outputs[name] = head->forward(features);
  return step;
}

std::vector<std::string> MultiTaskModelImpl::tasks() const {
  std::vector<std::string> names;
  for (const auto& [name, head] : heads_) names.push_back(name);
  return names;
}

torch::nn::Module& MultiTaskModelImpl::part(const std::string& name) {
  std::vector<std::string> known;  // the first two levels: the encoder, its stages, the heads
  for (const auto& child : named_modules(/*name_prefix=*/"", /*include_self=*/false)) {
    const auto& key = child.key();
    if (key == name) return *child.value();
    if (std::count(key.begin(), key.end(), '.') < 2) known.push_back(key);
  }
  throw ConfigError("the model has no part '" + name + "'" + known_names(name, known));
}

void MultiTaskModelImpl::freeze(const std::string& name) {
  for (auto& parameter : part(name).parameters()) parameter.requires_grad_(false);
  part(name).eval();
  frozen_.insert(name);
}

void MultiTaskModelImpl::unfreeze(const std::string& name) {
  for (auto& parameter : part(name).parameters()) parameter.requires_grad_(true);
  part(name).train(is_training());
  frozen_.erase(name);
}

void MultiTaskModelImpl::train(bool on) {
  Module::train(on);
  for (const auto& name : frozen_) part(name).eval();
}

std::shared_ptr<torch::nn::Module> MultiTaskModelImpl::clone(
    const torch::optional<torch::Device>& device) const {
  std::vector<std::pair<std::string, std::shared_ptr<Head>>> heads;
  for (const auto& [task, head] : heads_) {
    heads.emplace_back(task, std::dynamic_pointer_cast<Head>(head->clone(device)));
  }
  auto copy = std::make_shared<MultiTaskModelImpl>(
      std::dynamic_pointer_cast<Encoder>(encoder_->clone(device)), std::move(heads),
      temporal_ ? std::dynamic_pointer_cast<Temporal>(temporal_->clone(device)) : nullptr);
  copy->to(device.value_or(scale_.device()));
  copy->train(is_training());
  for (const auto& name : frozen_) copy->freeze(name);
  return copy;
}

}  // namespace manyfold::models
