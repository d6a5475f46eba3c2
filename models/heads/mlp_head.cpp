#include "models/heads/mlp_head.h"

#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/linear.h>

namespace manyfold::models {
namespace {

namespace nn = torch::nn;

nn::Linear linear(int64_t in, int64_t out) {
  return nn::Linear(nn::LinearOptions(in, out).bias(false));
}

}  // namespace

MlpHeadOptions::MlpHeadOptions(const std::vector<FeatureInfo>& features, int64_t out)
    : in_(features.back().channels), out_(out) {}

MlpHeadImpl::MlpHeadImpl(const MlpHeadOptions& options) : options_(options) {
  TORCH_CHECK(options.out() > 0 && options.hidden() > 0, "MlpHead: ", options.out(),
              " outputs with ", options.hidden(), " hidden");
  reset();
}

void MlpHeadImpl::reset() {
  const auto hidden = options_.hidden();
  layers_ = register_module(
      "layers", nn::Sequential(linear(options_.in(), hidden), nn::BatchNorm1d(hidden), nn::ReLU(),
                               linear(hidden, hidden), nn::BatchNorm1d(hidden), nn::ReLU(),
                               linear(hidden, options_.out())));
}

std::vector<torch::Tensor> MlpHeadImpl::forward(const std::vector<torch::Tensor>& features) {
  return {layers_->forward(torch::adaptive_avg_pool2d(features.back(), {1, 1}).flatten(1))};
}

}  // namespace manyfold::models
