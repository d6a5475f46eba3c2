#include "train/autocast.h"

#include <ATen/autocast_mode.h>
#include <torch/version.h>

namespace manyfold::train {
namespace {

namespace autocast = at::autocast;

// LibTorch 2.4 gave the switches a device; before, there was a set for each.
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)

bool is_enabled(c10::DeviceType device) { return autocast::is_autocast_enabled(device); }
void enable(c10::DeviceType device, bool on) { autocast::set_autocast_enabled(device, on); }
c10::ScalarType type_of(c10::DeviceType device) { return autocast::get_autocast_dtype(device); }
void set_type(c10::DeviceType device, c10::ScalarType type) {
  autocast::set_autocast_dtype(device, type);
}

#else

bool is_cpu(c10::DeviceType device) { return device == c10::DeviceType::CPU; }
bool is_enabled(c10::DeviceType device) {
  return is_cpu(device) ? autocast::is_cpu_enabled() : autocast::is_enabled();
}
void enable(c10::DeviceType device, bool on) {
  is_cpu(device) ? autocast::set_cpu_enabled(on) : autocast::set_enabled(on);
}
c10::ScalarType type_of(c10::DeviceType device) {
  return is_cpu(device) ? autocast::get_autocast_cpu_dtype() : autocast::get_autocast_gpu_dtype();
}
void set_type(c10::DeviceType device, c10::ScalarType type) {
  is_cpu(device) ? autocast::set_autocast_cpu_dtype(type) : autocast::set_autocast_gpu_dtype(type);
}

#endif

}  // namespace

AutocastGuard::AutocastGuard(c10::DeviceType device, c10::ScalarType type)
    : device_(device), was_enabled_(is_enabled(device)), type_(type), outer_type_(type_of(device)) {
  // Converted weights are kept by weight, whatever the type.
  if (type_ != outer_type_) autocast::clear_cache();
  enable(device_, true);
  set_type(device_, type_);
  autocast::increment_nesting();
}

AutocastGuard::~AutocastGuard() {
  if (autocast::decrement_nesting() == 0 || type_ != outer_type_) autocast::clear_cache();
  set_type(device_, outer_type_);
  enable(device_, was_enabled_);
}

}  // namespace manyfold::train
