#pragma once

#include <cstdint>

namespace manyfold::quantise {

/// Which whole numbers a tensor may become.
struct Format {
  int64_t low = 0, high = 255;
  bool symmetric = false;  // zero point 0

  bool operator==(const Format& other) const {
    return low == other.low && high == other.high && symmetric == other.symmetric;
  }
};
inline constexpr Format kUint8{0, 255, false};
inline constexpr Format kInt8{-128, 127, true};
/// Without -128, so that a product with itself fits (TensorRT's range for weights).
inline constexpr Format kWeight{-127, 127, true};

/// number = scale * (step - zero_point).
struct Encoding {
  float scale = 1;
  int64_t zero_point = 0;
  Format format;

  double min() const { return scale * static_cast<double>(format.low - zero_point); }
  double max() const { return scale * static_cast<double>(format.high - zero_point); }
};

/// The smallest scale; a tensor that is (almost) constant gets it.
inline constexpr float kSmallestScale = 1e-6F;

/// The encoding whose steps span [low, high], widened to hold 0, which is always a step.
///   asymmetric: scale = (high - low) / 255, zero_point = round(-low / scale)
///   symmetric:  scale = max(-low, high) / 127
/// Throws c10::Error when a bound is not finite.
Encoding encoding_of(double low, double high, const Format& format);

}  // namespace manyfold::quantise
