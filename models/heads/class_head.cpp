#include "models/heads/class_head.h"

#include <torch/nn/init.h>

#include <algorithm>

namespace manyfold::models {

ClassHeadOptions::ClassHeadOptions(const std::vector<FeatureInfo>& features, int64_t classes)
    : in_(features.back().channels), classes_(classes) {
  width_ = std::clamp<int64_t>(44000 / (in_ + classes) / 8 * 8, 8, 192);
}

ClassHeadImpl::ClassHeadImpl(const ClassHeadOptions& options) : options_(options) {
  TORCH_CHECK(options.classes() > 0 && options.width() > 0, "ClassHead: ", options.classes(),
              " classes with width ", options.width());
  reset();
}

void ClassHeadImpl::reset() {
  hidden_ = register_module("hidden",
                            ConvBnAct(ConvBnActOptions(options_.in(), options_.width()).kernel(1)));
  scores_ = register_module("scores", torch::nn::Linear(options_.width(), options_.classes()));
  torch::nn::init::normal_(scores_->weight, 0, 0.01);
  torch::nn::init::zeros_(scores_->bias);
}

std::vector<torch::Tensor> ClassHeadImpl::forward(const std::vector<torch::Tensor>& features) {
  const auto pooled = torch::adaptive_avg_pool2d(hidden_->forward(features.back()), {1, 1});
  return {scores_->forward(pooled.flatten(1))};
}

}  // namespace manyfold::models
