#include "models/blocks/depthwise_separable.h"

namespace manyfold::models {

DepthwiseSeparableImpl::DepthwiseSeparableImpl(const DepthwiseSeparableOptions& options)
    : options_(options) {
  reset();
}

void DepthwiseSeparableImpl::reset() {
  const auto in = options_.in();
  depthwise_ = register_module(
      "depthwise",
      ConvBnAct(
          ConvBnActOptions(in, in).kernel(options_.kernel()).stride(options_.stride()).groups(in)));
  pointwise_ =
      register_module("pointwise", ConvBnAct(ConvBnActOptions(in, options_.out()).kernel(1)));
}

torch::Tensor DepthwiseSeparableImpl::forward(const torch::Tensor& x) {
  return pointwise_->forward(depthwise_->forward(x));
}

}  // namespace manyfold::models
