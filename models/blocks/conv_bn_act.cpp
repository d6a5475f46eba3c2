#include "models/blocks/conv_bn_act.h"

#include "models/blocks/initialise.h"

namespace manyfold::models {

ConvBnActImpl::ConvBnActImpl(const ConvBnActOptions& options) : options_(options) {
  TORCH_CHECK(options.in() > 0 && options.out() > 0, "ConvBnAct: needs channels, got ",
              options.in(), " -> ", options.out());
  TORCH_CHECK(options.kernel() % 2 == 1, "ConvBnAct: kernel must be odd, got ", options.kernel());
  TORCH_CHECK(options.in() % options.groups() == 0 && options.out() % options.groups() == 0,
              "ConvBnAct: groups must divide the channels, got ", options.groups(), " for ",
              options.in(), " -> ", options.out());
  reset();
}

void ConvBnActImpl::reset() {
  conv_ = register_module(
      "conv",
      torch::nn::Conv2d(torch::nn::Conv2dOptions(options_.in(), options_.out(), options_.kernel())
                            .stride(options_.stride())
                            .padding(options_.kernel() / 2)
                            .groups(options_.groups())
                            .bias(false)));
  norm_ = register_module("norm", torch::nn::BatchNorm2d(options_.out()));
  kaiming_normal_fan_out(conv_->weight, options_.groups());
}

torch::Tensor ConvBnActImpl::forward(const torch::Tensor& x) {
  const auto y = norm_->forward(conv_->forward(x));
  return options_.activation() ? torch::relu(y) : y;
}

}  // namespace manyfold::models
