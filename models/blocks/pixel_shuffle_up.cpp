#include "models/blocks/pixel_shuffle_up.h"

#include <torch/nn/init.h>

#include "models/blocks/initialise.h"

namespace manyfold::models {

PixelShuffleUpImpl::PixelShuffleUpImpl(const PixelShuffleUpOptions& options) : options_(options) {
  TORCH_CHECK(options.factor() >= 2, "PixelShuffleUp: factor must be at least 2, got ",
              options.factor());
  TORCH_CHECK(options.kernel() % 2 == 1, "PixelShuffleUp: kernel must be odd, got ",
              options.kernel());
  reset();
}

void PixelShuffleUpImpl::reset() {
  const auto r = options_.factor();
  conv_ = register_module(
      "conv", torch::nn::Conv2d(
                  torch::nn::Conv2dOptions(options_.in(), options_.out() * r * r, options_.kernel())
                      .padding(options_.kernel() / 2)));
  icnr(conv_->weight, r);
  torch::nn::init::zeros_(conv_->bias);
}

torch::Tensor PixelShuffleUpImpl::forward(const torch::Tensor& x) {
  return torch::pixel_shuffle(conv_->forward(x), options_.factor());
}

}  // namespace manyfold::models
