#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace manyfold::models {

/// One feature map of an encoder: [N, channels, H / stride, W / stride].
struct FeatureInfo {
  int64_t channels;
  int64_t stride;
};

/// Pictures to feature maps, finest first.
/// forward: float [N, 3, H, W], normalised, H and W multiples of 32 -> one tensor for each of
/// `features()`
///
/// The base is virtual so that an encoder can also be torch::nn::Cloneable, whose base it shares.
class Encoder : public virtual torch::nn::Module {
 public:
  virtual std::vector<torch::Tensor> forward(const torch::Tensor& pictures) = 0;
  virtual std::vector<FeatureInfo> features() const = 0;
};

/// Feature maps to the raw outputs of one task (logits, box parameters): most heads return one
/// tensor.
class Head : public virtual torch::nn::Module {
 public:
  virtual std::vector<torch::Tensor> forward(const std::vector<torch::Tensor>& features) = 0;
};

}  // namespace manyfold::models
