#include "quantise/encoding.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <cmath>

namespace manyfold::quantise {

Encoding encoding_of(double low, double high, const Format& format) {
  TORCH_CHECK(std::isfinite(low) && std::isfinite(high), "encoding_of: the range [", low, ", ",
              high, "] is not finite");
  low = std::min(low, 0.0);
  high = std::max(high, 0.0);
  Encoding encoding;
  encoding.format = format;
  if (format.symmetric) {
    const double largest = std::max(-low, high);
    encoding.scale =
        std::max(static_cast<float>(largest / static_cast<double>(format.high)), kSmallestScale);
    return encoding;
  }
  const auto steps = static_cast<double>(format.high - format.low);
  encoding.scale = std::max(static_cast<float>((high - low) / steps), kSmallestScale);
  const double zero = std::nearbyint(static_cast<double>(format.low) - low / encoding.scale);
  encoding.zero_point = std::clamp(static_cast<int64_t>(zero), format.low, format.high);
  return encoding;
}

}  // namespace manyfold::quantise
