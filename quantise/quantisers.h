#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <optional>
#include <string>

#include "quantise/encoding.h"
#include "quantise/observer.h"

namespace manyfold::quantise {

/// What a quantiser does with what passes through it.
enum class Mode { off, observe, histogram, quantise };

/// One scale and zero point: of one tensor, or of several that share them (the parts of a
/// concatenation and its result).
///
/// The range is a buffer, so that checkpoints and weight averages hold it. With `learned` the scale
/// is trained by its logarithm, the parameter "log_scale", which begins with that of the range; the
/// zero point stays. (An Adam step moves a parameter by the learning rate, whatever its size; many
/// scales are not much larger than that.)
class ActivationQuantiser : public torch::nn::Module {
 public:
  explicit ActivationQuantiser(Format format, bool learned = false);

  /// `positive`: a ReLU that is computed with it, whatever the mode.
  torch::Tensor forward(const torch::Tensor& x, bool positive);

  Encoding encoding() const;
  Range range() const;
  void set_range(Range range);
  /// No range that is set from now on is narrower.
  void hold(Range least) { least_ = least; }
  bool held() const { return least_.has_value(); }
  const Format& format() const { return format_; }

  Mode mode = Mode::off;
  /// Whether the range follows the batches of training; see `follow`.
  bool following = false;
  RangeObserver observer;              // of mode observe
  std::optional<Histogram> histogram;  // of mode histogram

  /// Moves the range by `momentum` towards that of what passed since the last call, in training
  /// with `following`.
  void follow(double momentum);

 private:
  void note(const torch::Tensor& x, bool positive);

  Format format_;
  torch::Tensor range_;      // [2]
  torch::Tensor log_scale_;  // [1], when learned
  std::optional<Range> least_;
  std::optional<Range> passed_;  // since the last `follow`
};

/// The scale of a weight, one for each channel along an axis or one for all. It follows the weight:
/// the largest absolute value / 127, times a factor that calibration may shrink; or it is learned.
class WeightQuantiser : public torch::nn::Module {
 public:
  /// `axis`: -1 for one scale.
  WeightQuantiser(int64_t channels, int64_t axis, bool learned = false);

  torch::Tensor forward(const torch::Tensor& weight);

  /// float [channels] or [1].
  torch::Tensor scale(const torch::Tensor& weight) const;
  int64_t axis() const { return axis_; }
  /// Begins with the scales of `weight`: those of its largest values, or with the least squared
  /// error.
  void fit(const torch::Tensor& weight, bool least_error);

  Mode mode = Mode::off;

 private:
  torch::Tensor scale_of(const torch::Tensor& weight) const;

  int64_t axis_;
  torch::Tensor shrink_;     // [channels] or [1]
  torch::Tensor log_scale_;  // the same, when learned
};

}  // namespace manyfold::quantise
