#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "models/features.h"

namespace manyfold::models {

/// Raw head tensors by task name.
using Outputs = std::map<std::string, std::vector<torch::Tensor>>;

/// One encoder, many heads. Children are named `encoder` and `heads.<task>`.
class MultiTaskModelImpl : public torch::nn::Module {
 public:
  MultiTaskModelImpl(std::shared_ptr<Encoder> encoder,
                     std::vector<std::pair<std::string, std::shared_ptr<Head>>> heads);

  /// uint8 [N, 3, H, W] RGB -> the encoder's feature maps. The normalisation (ImageNet's mean and
  /// deviation) is the first operation, so an exported graph takes camera pictures as they are.
  std::vector<torch::Tensor> encode(const torch::Tensor& pictures);
  /// One head on (some rows of) the feature maps.
  std::vector<torch::Tensor> head(const std::string& task,
                                  const std::vector<torch::Tensor>& features);
  /// All heads on all rows: what is traced and exported.
  Outputs forward(const torch::Tensor& pictures);

  std::vector<std::string> tasks() const;
  Encoder& encoder() { return *encoder_; }

  /// Stops a part from learning: its parameters need no gradient, and it stays in eval mode through
  /// every later train(), so that its BatchNorm statistics stay too. `part` is the name of a child:
  /// "encoder", "encoder.stride4", "heads.faces". Throws ConfigError, naming the parts, for
  /// another.
  void freeze(const std::string& part);
  /// Undoes `freeze(part)`.
  void unfreeze(const std::string& part);
  const std::set<std::string>& frozen() const { return frozen_; }

  void train(bool on = true) override;
  /// A deep copy, frozen parts included.
  std::shared_ptr<torch::nn::Module> clone(
      const torch::optional<torch::Device>& device = torch::nullopt) const override;

 private:
  torch::nn::Module& part(const std::string& name);

  std::shared_ptr<Encoder> encoder_;
  std::vector<std::pair<std::string, std::shared_ptr<Head>>> heads_;
  torch::Tensor scale_, shift_;  // [1, 3, 1, 1] buffers: pictures * scale + shift
  std::set<std::string> frozen_;
};
TORCH_MODULE(MultiTaskModel);

}  // namespace manyfold::models
