#pragma once

#include <string>
#include <vector>

#include "graph/ranges.h"
#include "train/precision.h"

namespace manyfold::train {

/// A parameter whose gradient is not finite.
struct BrokenGradient {
  std::string parameter;
  int64_t count = 0;
  int64_t broken = 0;  // infinite or NaN
};

/// What the numbers of a model look like on one batch.
struct Diagnosis {
  std::vector<graph::ValueRange> values;  // of the forward pass, in order of execution
  std::vector<BrokenGradient> gradients;

  /// The first value that holds infinities or NaNs; null when all are finite.
  const graph::ValueRange* first_broken() const;
  /// The largest value of each layer, the largest layer first, at most `count`; what is not finite
  /// is left out.
  std::vector<graph::ValueRange> largest(size_t count) const;
  /// Values of which more than half, or all that are not 0, become 0 in half precision.
  std::vector<graph::ValueRange> vanishing() const;
  /// Not finite, past a quarter of half precision's range, or vanishing in it: something that a
  /// person who trains for half precision should hear of.
  bool alarming() const;

  /// All of it for people, most important first; each line names its layer.
  std::vector<std::string> lines() const;
};

/// Runs the forward pass on all rows of `pictures` (uint8 [N, 3, H, W], on the model's device), in
/// the arithmetic of `precision` (bf16 on the CPU: in float) and in the given mode, every head
/// included, and looks at the gradients that the parameters hold by now. Changes nothing of the
/// model. Every value is kept until the end, so a few pictures are enough where they need not be a
/// certain batch. Throws as `forward_in`.
Diagnosis diagnose(Precision precision, models::MultiTaskModel model, const torch::Tensor& pictures,
                   graph::Mode mode = graph::Mode::train);

/// "12.4 % of 65504", half precision's largest number.
std::string share_of_half(double value);
/// "encoder.stem.conv/convolution: 3 infinite, 0 NaN of 4096".
std::string describe_broken(const graph::ValueRange& value);

}  // namespace manyfold::train
