#pragma once

#include <c10/core/DeviceType.h>
#include <c10/core/ScalarType.h>

namespace manyfold::train {

/// While it lives, the operators of this thread that gain from it (convolutions, linear layers,
/// products of matrices) run in `type` on tensors of `device`, and those that need the range run in
/// float. Guards may be nested. The backward pass needs none: it runs in the types of the forward
/// pass.
class AutocastGuard {
 public:
  /// device: CPU or CUDA. type: kBFloat16, on CUDA also kHalf.
  AutocastGuard(c10::DeviceType device, c10::ScalarType type);
  ~AutocastGuard();
  AutocastGuard(const AutocastGuard&) = delete;
  AutocastGuard& operator=(const AutocastGuard&) = delete;

 private:
  c10::DeviceType device_;
  bool was_enabled_;
  c10::ScalarType type_, outer_type_;
};

}  // namespace manyfold::train
