#include "quantise/quantisers.h"

#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "quantise/fake_quant.h"

namespace manyfold::quantise {

using torch::Tensor;

ActivationQuantiser::ActivationQuantiser(Format format, bool learned) : format_(format) {
  range_ = register_buffer("range", torch::zeros({2}));
  if (learned) log_scale_ = register_parameter("log_scale", torch::zeros({1}));
}

Tensor ActivationQuantiser::forward(const Tensor& x, bool positive) {
  if (following && is_training()) note(x, positive);
  if (mode == Mode::quantise) {
    if (!log_scale_.defined()) return fake_quantise(x, encoding(), positive);
    return fake_quantise_learned(positive ? x.relu() : x, log_scale_.exp(), -1,
                                 encoding().zero_point, format_);
  }
  const auto result = positive ? x.relu() : x;
  if (mode == Mode::observe) observer.add(result.detach());
  if (mode == Mode::histogram) histogram->add(result.detach());
  return result;
}

Encoding ActivationQuantiser::encoding() const {
  const auto [low, high] = range();
  auto encoding = encoding_of(low, high, format_);
  if (log_scale_.defined()) encoding.scale = log_scale_.detach().exp().item<float>();
  return encoding;
}

Range ActivationQuantiser::range() const {
  const auto ends = range_.cpu();  // one transfer
  return {ends[0].item<float>(), ends[1].item<float>()};
}

void ActivationQuantiser::set_range(Range range) {
  const torch::NoGradGuard no_grad;
  if (least_) {
    range.first = std::min(range.first, least_->first);
    range.second = std::max(range.second, least_->second);
  }
  range_[0].fill_(range.first);
  range_[1].fill_(range.second);
  if (log_scale_.defined())
    log_scale_.fill_(std::log(encoding_of(range.first, range.second, format_).scale));
}

void ActivationQuantiser::note(const Tensor& x, bool positive) {
  const auto [low, high] = range_of(x.detach());
  const Range here{positive ? 0.0 : std::min(low, 0.0F), std::max(high, 0.0F)};
  passed_ =
      passed_ ? Range{std::min(passed_->first, here.first), std::max(passed_->second, here.second)}
              : here;
}

void ActivationQuantiser::follow(double momentum) {
  if (passed_ && std::isfinite(passed_->first) && std::isfinite(passed_->second)) {
    const auto [low, high] = range();
    set_range(
        {low + momentum * (passed_->first - low), high + momentum * (passed_->second - high)});
  }
  passed_.reset();
}

WeightQuantiser::WeightQuantiser(int64_t channels, int64_t axis, bool learned) : axis_(axis) {
  const int64_t scales = axis < 0 ? 1 : channels;
  shrink_ = register_buffer("shrink", torch::ones({scales}));
  if (learned) log_scale_ = register_parameter("log_scale", torch::zeros({scales}));
}

Tensor WeightQuantiser::forward(const Tensor& weight) {
  if (mode != Mode::quantise) return weight;
  if (!log_scale_.defined()) return fake_quantise_weight(weight, scale(weight), axis_);
  return fake_quantise_learned(weight, log_scale_.exp(), axis_, 0, kWeight);
}

Tensor WeightQuantiser::scale(const Tensor& weight) const {
  return log_scale_.defined() ? log_scale_.detach().exp() : scale_of(weight);
}

Tensor WeightQuantiser::scale_of(const Tensor& weight) const {
  const torch::NoGradGuard no_grad;
  const auto size = weight.detach().abs();
  const auto largest =
      axis_ < 0 ? size.max().reshape({1}) : size.transpose(0, axis_).flatten(1).amax(1);
  return (largest * shrink_ / static_cast<double>(kWeight.high)).clamp_min(kSmallestScale);
}

void WeightQuantiser::fit(const Tensor& weight, bool least_error) {
  const torch::NoGradGuard no_grad;
  if (least_error) shrink_.copy_(least_error_shrink(weight, axis_, kWeight));
  if (log_scale_.defined()) log_scale_.copy_(scale_of(weight).log());
}

}  // namespace manyfold::quantise
