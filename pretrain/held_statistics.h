#pragma once

#include <torch/nn/modules/batchnorm.h>

#include <utility>
#include <vector>

namespace manyfold::pretrain {

/// While it lives, a forward pass in training leaves the running statistics of a module's BatchNorm
/// layers as they are. (To put them back afterwards is too early: the backward pass needs them.)
class HeldStatistics {
 public:
  explicit HeldStatistics(torch::nn::Module& module);
  ~HeldStatistics();
  HeldStatistics(const HeldStatistics&) = delete;
  HeldStatistics& operator=(const HeldStatistics&) = delete;

 private:
  std::vector<std::pair<torch::nn::BatchNorm2dImpl*, torch::optional<double>>> momenta_;
};

}  // namespace manyfold::pretrain
