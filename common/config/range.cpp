#include "common/config/range.h"

#include <cmath>

#include "common/config/value.h"

namespace manyfold::config {
namespace {

std::string number(double value) {
  const bool whole = std::abs(value) < 1e15 && value == std::floor(value);
  return whole ? std::to_string(static_cast<int64_t>(value)) : python_float(value);
}

}  // namespace

bool contains(const Range& range, double value) {
  if (std::isnan(value)) return std::isinf(range.low) && std::isinf(range.high);
  return (range.low_open ? value > range.low : value >= range.low) &&
         (range.high_open ? value < range.high : value <= range.high);
}

std::string text(const Range& range) {
  const bool low = !std::isinf(range.low), high = !std::isinf(range.high);
  if (low && high) {
    return std::string("in ") + (range.low_open ? "(" : "[") + number(range.low) + ", " +
           number(range.high) + (range.high_open ? ")" : "]");
  }
  if (low) return (range.low_open ? "> " : ">= ") + number(range.low);
  if (high) return (range.high_open ? "< " : "<= ") + number(range.high);
  return "";
}

}  // namespace manyfold::config
