#include "metrics/confusion.h"

#include <fmt/format.h>

#include <numeric>
#include <stdexcept>
#include <utility>

#include "metrics/metric.h"

namespace manyfold::metrics {

ConfusionMatrix::ConfusionMatrix(std::vector<std::string> classes)
    : classes_(std::move(classes)),
      counts_(classes_.size(), std::vector<int64_t>(classes_.size(), 0)) {}

size_t ConfusionMatrix::checked(int64_t c, const char* what) const {
  if (c < 0 || c >= static_cast<int64_t>(classes_.size())) {
    throw std::invalid_argument(fmt::format(
        "ConfusionMatrix: {} class {}, but there are {} classes", what, c, classes_.size()));
  }
  return static_cast<size_t>(c);
}

void ConfusionMatrix::add(int64_t truth, int64_t predicted, int64_t n) {
  counts_[checked(truth, "true")][checked(predicted, "predicted")] += n;
}

int64_t ConfusionMatrix::count(int64_t truth, int64_t predicted) const {
  return counts_[checked(truth, "true")][checked(predicted, "predicted")];
}

int64_t ConfusionMatrix::truths(int64_t c) const {
  const auto& row = counts_[checked(c, "true")];
  return std::accumulate(row.begin(), row.end(), int64_t{0});
}

int64_t ConfusionMatrix::predictions(int64_t c) const {
  const size_t column = checked(c, "predicted");
  int64_t sum = 0;
  for (const auto& row : counts_) sum += row[column];
  return sum;
}

int64_t ConfusionMatrix::total() const {
  int64_t sum = 0;
  for (const auto& row : counts_) sum = std::accumulate(row.begin(), row.end(), sum);
  return sum;
}

double ConfusionMatrix::accuracy() const {
  int64_t right = 0;
  for (size_t c = 0; c < classes_.size(); ++c) right += counts_[c][c];
  return ratio(right, total());
}

double ConfusionMatrix::iou(int64_t c) const {
  return ratio(count(c, c), truths(c) + predictions(c) - count(c, c));
}

double ConfusionMatrix::f1(int64_t c) const {
  return ratio(2 * count(c, c), truths(c) + predictions(c));
}

nlohmann::json ConfusionMatrix::to_json() const {
  return {{"classes", classes_}, {"rows", "truth"}, {"columns", "prediction"}, {"counts", counts_}};
}

}  // namespace manyfold::metrics
