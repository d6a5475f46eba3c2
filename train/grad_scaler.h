#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace manyfold::train {

/// Keeps gradients in half precision's range: the loss is multiplied by a scale before the backward
/// pass and the gradients are divided by it after. Gradients that are not finite tell that the
/// scale is too large, and it is halved; after 2000 good steps in a row it is doubled. It begins at
/// 65536 and stays in [128, 2^24].
class GradScaler {
 public:
  static constexpr double kStart = 65536, kFloor = 128, kCap = 16777216;
  static constexpr double kGrowth = 2, kBackoff = 0.5;
  static constexpr int64_t kGrowthInterval = 2000;

  GradScaler() = default;
  /// As it was saved.
  GradScaler(double scale, int64_t good_steps) : scale_(scale), good_steps_(good_steps) {}

  at::Tensor scaled(const at::Tensor& loss) const { return loss * scale_; }
  /// Divides the gradients of `parameters`, where there are any, in place. Before clipping.
  void unscale(const std::vector<at::Tensor>& parameters) const;
  /// After each backward pass.
  void update(bool finite);

  double scale() const { return scale_; }
  int64_t good_steps() const { return good_steps_; }  // since the scale was last changed
  /// A smaller scale will not be tried: gradients that are not finite have another cause.
  bool at_floor() const { return scale_ <= kFloor; }

 private:
  double scale_ = kStart;
  int64_t good_steps_ = 0;
};

}  // namespace manyfold::train
