#include "models/blocks/space_to_depth_stem.h"

namespace manyfold::models {

SpaceToDepthStemImpl::SpaceToDepthStemImpl(const SpaceToDepthStemOptions& options)
    : options_(options) {
  TORCH_CHECK(options.block() >= 2, "SpaceToDepthStem: block must be at least 2, got ",
              options.block());
  reset();
}

void SpaceToDepthStemImpl::reset() {
  const auto in = options_.in() * options_.block() * options_.block();
  body_ = register_module(
      "body", ConvBnAct(ConvBnActOptions(in, options_.out()).stride(options_.stride())));
}

torch::Tensor SpaceToDepthStemImpl::forward(const torch::Tensor& x) {
  return body_->forward(torch::pixel_unshuffle(x, options_.block()));
}

}  // namespace manyfold::models
