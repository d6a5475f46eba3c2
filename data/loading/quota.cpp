#include "data/loading/quota.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace manyfold::data {
namespace {

__extension__ typedef __int128 Wide;

/// Compares (2a + 1) / v with (2b + 1) / w: which party's next seat comes first.
bool earlier(int64_t a, int64_t v, int64_t b, int64_t w) {
  return Wide(2 * a + 1) * w < Wide(2 * b + 1) * v;
}

}  // namespace

std::vector<int64_t> seats(int64_t count, const std::vector<int64_t>& weights) {
  const Wide sum = std::accumulate(weights.begin(), weights.end(), Wide{0});
  if (sum <= 0) throw std::invalid_argument("seats: no weight is above 0");
  std::vector<int64_t> given;
  int64_t total = 0;
  for (const int64_t weight : weights) {
    given.push_back(static_cast<int64_t>((Wide(2) * count * weight + sum) / (2 * sum)));
    total += given.back();
  }
  // Rounding gave every seat up to one common moment; what is missing or too much is the next or
  // the last few.
  for (; total < count; ++total) {
    size_t next = weights.size();
    for (size_t i = 0; i < weights.size(); ++i) {
      if (weights[i] == 0) continue;
      if (next == weights.size() || earlier(given[i], weights[i], given[next], weights[next])) {
        next = i;
      }
    }
    ++given[next];
  }
  for (; total > count; --total) {
    size_t last = weights.size();
    for (size_t i = 0; i < weights.size(); ++i) {
      if (given[i] == 0) continue;
      if (last == weights.size() ||
          !earlier(given[i] - 1, weights[i], given[last] - 1, weights[last])) {
        last = i;
      }
    }
    --given[last];
  }
  return given;
}

std::vector<int64_t> whole_weights(const std::vector<double>& weights) {
  std::vector<int64_t> whole;
  for (const double weight : weights) whole.push_back(std::llround(weight * 1e9));
  return whole;
}

}  // namespace manyfold::data
