#include "metrics/average_precision.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace manyfold::metrics {
namespace {

/// envelope[k]: the best precision at which at least k + 1 objects are found.
std::vector<double> precision_envelope(const std::vector<bool>& hits) {
  std::vector<double> envelope;
  for (size_t i = 0; i < hits.size(); ++i) {
    if (!hits[i]) continue;
    envelope.push_back(static_cast<double>(envelope.size() + 1) / static_cast<double>(i + 1));
  }
  for (size_t k = envelope.size(); k-- > 1;) {
    envelope[k - 1] = std::max(envelope[k - 1], envelope[k]);
  }
  return envelope;
}

}  // namespace

double average_precision(const std::vector<bool>& hits, int64_t truths) {
  if (truths == 0) return std::numeric_limits<double>::quiet_NaN();
  double area = 0;
  for (const double precision : precision_envelope(hits)) area += precision;
  return area / static_cast<double>(truths);
}

double average_precision_at(const std::vector<bool>& hits, int64_t truths, int64_t points) {
  if (points < 2) throw std::invalid_argument("average_precision_at: at least two points");
  if (truths == 0) return std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> envelope = precision_envelope(hits);
  const double step = 1 / static_cast<double>(points - 1);
  double sum = 0;
  size_t found = 1;
  for (int64_t i = 0; i < points; ++i) {
    const double recall = i + 1 == points ? 1 : static_cast<double>(i) * step;
    while (static_cast<double>(found) / static_cast<double>(truths) < recall) ++found;
    if (found > envelope.size()) break;
    sum += envelope[found - 1];
  }
  return sum / static_cast<double>(points);
}

}  // namespace manyfold::metrics
