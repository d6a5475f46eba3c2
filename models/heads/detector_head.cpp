#include "models/heads/detector_head.h"

#include <torch/nn/init.h>

#include <algorithm>
#include <string>

#include "models/blocks/upsample.h"

namespace manyfold::models {
namespace {

constexpr int64_t kMixKernel = 5;
constexpr int64_t kMostParameters = 50000;

/// Places among the features: the map of each stride, then the next coarser one, if there is one.
std::vector<size_t> maps_of(const DetectorHeadOptions& options) {
  const auto& features = options.features();
  const auto& strides = options.strides();
  TORCH_CHECK(!strides.empty(), "DetectorHead: needs a stride");
  std::vector<size_t> maps;
  for (size_t i = 0; i < strides.size(); ++i) {
    TORCH_CHECK(i == 0 || strides[i] == 2 * strides[i - 1],
                "DetectorHead: each stride must be twice the one before, got ",
                c10::IntArrayRef(strides));
    const auto found = std::find_if(features.begin(), features.end(),
                                    [&](const FeatureInfo& f) { return f.stride == strides[i]; });
    TORCH_CHECK(found != features.end(), "DetectorHead: the encoder has no map at stride ",
                strides[i]);
    maps.push_back(found - features.begin());
  }
  const auto next = maps.back() + 1;
  if (next < features.size() && features[next].stride == 2 * strides.back()) maps.push_back(next);
  return maps;
}

/// Channels of each output.
int64_t outputs(const DetectorHeadOptions& options) {
  return options.anchors() * (4 + options.classes() + 2 * options.landmarks());
}

int64_t parameters(const DetectorHeadOptions& options, const std::vector<size_t>& maps,
                   int64_t width) {
  const auto mix = width * (kMixKernel * kMixKernel + 2) + width * (width + 2);
  const auto levels = static_cast<int64_t>(options.strides().size());
  auto count = levels * (mix + (width + 1) * outputs(options));
  for (const auto map : maps) count += width * (options.features()[map].channels + 2);
  return count;
}

int64_t affordable_width(const DetectorHeadOptions& options, const std::vector<size_t>& maps) {
  auto width = options.features()[maps.front()].channels;
  while (width > 8 && parameters(options, maps, width) > kMostParameters) width -= 8;
  return width;
}

}  // namespace

DetectorHeadImpl::DetectorHeadImpl(const DetectorHeadOptions& options)
    : options_(options), maps_(maps_of(options)) {
  TORCH_CHECK(options.landmarks() >= 0 && options.anchors() > 0 && options.classes() > 0 &&
                  options.width() >= 0,
              "DetectorHead: ", options.landmarks(), " landmarks, ", options.anchors(),
              " anchors, ", options.classes(), " classes, width ", options.width());
  if (options.width() == 0) options_.width(affordable_width(options, maps_));
  reset();
}

void DetectorHeadImpl::reset() {
  const auto& strides = options_.strides();
  const auto width = options_.width();
  // Of a single grid the parts need no number.
  const auto name = [&](const char* part, size_t level) {
    return part + (strides.size() == 1 ? "" : std::to_string(strides[level]));
  };
  const auto squeeze = [&](size_t map) {
    return ConvBnAct(ConvBnActOptions(options_.features()[map].channels, width).kernel(1));
  };
  levels_.assign(strides.size(), {});
  for (size_t i = 0; i < strides.size(); ++i)
    levels_[i].squeeze = register_module(name("squeeze", i), squeeze(maps_[i]));
  if (maps_.size() > strides.size()) context_ = register_module("context", squeeze(maps_.back()));
  for (size_t i = 0; i < strides.size(); ++i) {
    levels_[i].mix = register_module(
        name("mix", i),
        DepthwiseSeparable(DepthwiseSeparableOptions(width, width).kernel(kMixKernel)));
    levels_[i].out = register_module(name("out", i), make_out());
  }
}

torch::nn::Conv2d DetectorHeadImpl::make_out() const {
  torch::nn::Conv2d out(torch::nn::Conv2dOptions(options_.width(), outputs(options_), 1));
  // Objects are rare: start confident that there is none, or the empty cells drown all else at
  // first.
  torch::nn::init::normal_(out->weight, 0, 0.01);
  const torch::NoGradGuard no_grad;
  out->bias.zero_();
  out->bias.view({options_.anchors(), -1})
      .narrow(1, 4, options_.classes())
      .fill_(-4.595);  // ln(0.01 / 0.99)
  return out;
}

std::vector<torch::Tensor> DetectorHeadImpl::forward(const std::vector<torch::Tensor>& features) {
  torch::Tensor coarser;
  if (context_) coarser = context_->forward(features[maps_.back()]);
  std::vector<torch::Tensor> raw(levels_.size());
  for (size_t i = levels_.size(); i-- > 0;) {
    auto x = levels_[i].squeeze->forward(features[maps_[i]]);
    if (coarser.defined()) x = x + upsample2(coarser);
    coarser = levels_[i].mix->forward(x);
    raw[i] = levels_[i].out->forward(coarser);
  }
  return raw;
}

}  // namespace manyfold::models
