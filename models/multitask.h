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
#include "models/temporal.h"

namespace manyfold::models {

/// Raw head tensors by task name.
using Outputs = std::map<std::string, std::vector<torch::Tensor>>;

/// What a model makes of one frame of N clips.
struct Step {
  Outputs outputs;
  State state;  // what the next frame is given
};

/// One encoder, perhaps a memory, many heads. Children are named `encoder`, `temporal` and
/// `heads.<task>`.
class MultiTaskModelImpl : public torch::nn::Module {
 public:
  /// `temporal`: null for a model that sees each picture for itself.
  MultiTaskModelImpl(std::shared_ptr<Encoder> encoder,
                     std::vector<std::pair<std::string, std::shared_ptr<Head>>> heads,
                     std::shared_ptr<Temporal> temporal = nullptr);

  /// uint8 [N, 3, H, W] RGB -> the encoder's feature maps. The normalisation (ImageNet's mean and
  /// deviation) is the first operation, so an exported graph takes camera pictures as they are.
  std::vector<torch::Tensor> encode(const torch::Tensor& pictures);
  /// What `encode` gave for one frame of N clips -> what the heads read, and the state after it.
  /// Without a temporal layer the maps stay as they are and the state is empty.
  Remembered remember(const std::vector<torch::Tensor>& features, const State& state);
  /// One head on (some rows of) the feature maps.
  std::vector<torch::Tensor> head(const std::string& task,
                                  const std::vector<torch::Tensor>& features);
  /// All heads on all rows, each a still: from an empty state, which is then forgotten.
  Outputs forward(const torch::Tensor& pictures);
  /// The next frame of N clips, after those that led to `state`.
  Step forward(const torch::Tensor& pictures, const State& state);

  std::vector<std::string> tasks() const;
  Encoder& encoder() { return *encoder_; }
  /// Null when the model has none.
  Temporal* temporal() { return temporal_.get(); }

  /// Stops a part from learning: its parameters need no gradient, and it stays in eval mode through
  /// every later train(), so that its BatchNorm statistics stay too. `part` is the name of a child:
  /// "encoder", "encoder.stride4", "temporal", "heads.faces". Throws ConfigError, naming the parts,
  /// for another.
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
  std::shared_ptr<Temporal> temporal_;
  torch::Tensor scale_, shift_;  // [1, 3, 1, 1] buffers: pictures * scale + shift
  std::set<std::string> frozen_;
};
TORCH_MODULE(MultiTaskModel);

}  // namespace manyfold::models
