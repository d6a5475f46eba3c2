#pragma once
// A model that is small enough to be computed by hand: two convolutions, BatchNorm, one linear
// head.

#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include "data/loading/batch.h"
#include "models/multitask.h"

namespace manyfold::train {

/// 3x3 convolution with stride 2 and BatchNorm, ReLU, 3x3 convolution.
struct TinyEncoder : models::Encoder {
  TinyEncoder()
      : stem(torch::nn::Conv2dOptions(3, 8, 3).stride(2).padding(1).bias(false)),
        bn(8),
        last(torch::nn::Conv2dOptions(8, 8, 3).padding(1)) {
    register_module("stem", stem);
    register_module("bn", bn);
    register_module("last", last);
  }
  std::vector<torch::Tensor> forward(const torch::Tensor& pictures) override {
    return {last(bn(stem(pictures)).relu())};
  }
  std::vector<models::FeatureInfo> features() const override { return {{8, 2}}; }

  torch::nn::Conv2d stem;
  torch::nn::BatchNorm2d bn;
  torch::nn::Conv2d last;
};

/// Mean over the picture, three scores.
struct TinyHead : models::Head {
  TinyHead() : scores(8, 3) { register_module("scores", scores); }
  std::vector<torch::Tensor> forward(const std::vector<torch::Tensor>& features) override {
    return {scores(features.at(0).mean({2, 3}))};
  }
  torch::nn::Linear scores;
};

struct TinyModel {
  TinyModel() {
    torch::manual_seed(3);
    encoder = std::make_shared<TinyEncoder>();
    head = std::make_shared<TinyHead>();
    model = models::MultiTaskModel(
        encoder,
        std::vector<std::pair<std::string, std::shared_ptr<models::Head>>>{{"sign", head}});
  }
  torch::Tensor buffer(const std::string& name) const { return model->named_buffers()[name]; }

  std::shared_ptr<TinyEncoder> encoder;
  std::shared_ptr<TinyHead> head;
  models::MultiTaskModel model{nullptr};
};

/// Six pictures of 16 pixels, each of a colour of its own with a little noise; uint8 [6, 3, 16,
/// 16].
inline torch::Tensor coloured_pictures() {
  torch::manual_seed(4);
  const auto colours = torch::tensor({{200, 20, 20},
                                      {20, 200, 20},
                                      {20, 20, 200},
                                      {200, 200, 20},
                                      {20, 200, 200},
                                      {200, 20, 200}});
  return (colours.view({6, 3, 1, 1}) + torch::randint(0, 20, {6, 3, 16, 16})).to(torch::kByte);
}

/// The class of each of them.
inline torch::Tensor colour_classes() { return torch::tensor({0, 1, 2, 0, 1, 2}); }

}  // namespace manyfold::train
