#pragma once

#include <cstdint>
#include <vector>

namespace manyfold::data {

/// How many of the first `count` seats each party has when seats are given one after another to the
/// party that is most behind its share (the method of Sainte-Lague; between equals the first).
/// With two parties this is rounding: floor(count * share + 1/2). A larger count never takes a seat
/// away, so that differences of two counts are exact quotas; the running share stays within about
/// one seat of `weights`.
///
/// `weights` are relative, not negative, and not all 0. Pure and quick for any `count`.
std::vector<int64_t> seats(int64_t count, const std::vector<int64_t>& weights);

/// Weights of a configuration as the whole numbers that `seats` reckons with: in billionths, so
/// that 0.3 is exactly 3 of 10. Each at most 1e9; one below half a billionth becomes 0.
std::vector<int64_t> whole_weights(const std::vector<double>& weights);

}  // namespace manyfold::data
