#include "models/heads/ssld_head.h"

#include <torch/nn/init.h>

#include <algorithm>

#include "models/blocks/upsample.h"

namespace manyfold::models {
namespace {

constexpr int64_t kMixKernel = 5;
constexpr int64_t kMostParameters = 50000;

size_t map_with_stride(const std::vector<FeatureInfo>& features, int64_t stride) {
  const auto found = std::find_if(features.begin(), features.end(),
                                  [&](const FeatureInfo& f) { return f.stride == stride; });
  TORCH_CHECK(found != features.end() && found + 1 != features.end(),
              "SsldHead: needs maps at strides ", stride, " and ", 2 * stride);
  return found - features.begin();
}

int64_t outputs(int64_t landmarks, int64_t anchors) { return anchors * (5 + 2 * landmarks); }

int64_t parameters(int64_t in, int64_t width, int64_t out) {
  const auto squeeze = width * (in + 4);
  const auto mix = width * (kMixKernel * kMixKernel + 2) + width * (width + 2);
  return squeeze + mix + (width + 1) * out;
}

int64_t affordable_width(const SsldHeadOptions& options, size_t fine) {
  const auto& maps = options.features();
  const auto in = maps[fine].channels + maps[fine + 1].channels;
  const auto out = outputs(options.landmarks(), options.anchors());
  auto width = maps[fine].channels;
  while (width > 8 && parameters(in, width, out) > kMostParameters) width -= 8;
  return width;
}

}  // namespace

SsldHeadImpl::SsldHeadImpl(const SsldHeadOptions& options)
    : options_(options), fine_(map_with_stride(options.features(), options.stride())) {
  TORCH_CHECK(options.landmarks() >= 0 && options.anchors() > 0 && options.width() >= 0,
              "SsldHead: ", options.landmarks(), " landmarks, ", options.anchors(),
              " anchors, width ", options.width());
  if (options.width() == 0) options_.width(affordable_width(options, fine_));
  reset();
}

void SsldHeadImpl::reset() {
  const auto width = options_.width();
  const auto squeeze = [&](size_t map) {
    return ConvBnAct(ConvBnActOptions(options_.features()[map].channels, width).kernel(1));
  };
  squeeze_ = register_module("squeeze", squeeze(fine_));
  context_ = register_module("context", squeeze(fine_ + 1));
  mix_ = register_module(
      "mix", DepthwiseSeparable(DepthwiseSeparableOptions(width, width).kernel(kMixKernel)));
  const auto out = outputs(options_.landmarks(), options_.anchors());
  out_ = register_module("out", torch::nn::Conv2d(torch::nn::Conv2dOptions(width, out, 1)));
  // Faces are rare: start confident that there is none, or the empty cells drown all else at first.
  torch::nn::init::normal_(out_->weight, 0, 0.01);
  const torch::NoGradGuard no_grad;
  out_->bias.zero_();
  out_->bias.view({options_.anchors(), -1}).select(1, 4).fill_(-4.595);  // ln(0.01 / 0.99)
}

std::vector<torch::Tensor> SsldHeadImpl::forward(const std::vector<torch::Tensor>& features) {
  const auto x =
      squeeze_->forward(features[fine_]) + upsample2(context_->forward(features[fine_ + 1]));
  return {out_->forward(mix_->forward(x))};
}

}  // namespace manyfold::models
