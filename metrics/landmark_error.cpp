#include "metrics/landmark_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace manyfold::metrics {

std::optional<std::pair<int64_t, int64_t>> eye_points(int64_t landmarks) {
  if (landmarks == 68) return {{36, 45}};
  if (landmarks == 5) return {{0, 1}};
  return std::nullopt;
}

std::optional<double> point_error(const data::Object& predicted, const data::Object& truth) {
  if (predicted.landmarks.empty() || truth.landmarks.empty()) return std::nullopt;
  if (predicted.landmarks.size() != truth.landmarks.size() ||
      truth.visible.size() != truth.landmarks.size()) {
    throw std::invalid_argument(
        fmt::format("point_error: {} predicted key points for {} true ones with {} visibilities",
                    predicted.landmarks.size(), truth.landmarks.size(), truth.visible.size()));
  }
  double sum = 0;
  int64_t n = 0;
  for (size_t k = 0; k < truth.landmarks.size(); ++k) {
    if (!truth.visible[k]) continue;
    const cv::Point2f d = predicted.landmarks[k] - truth.landmarks[k];
    sum += std::hypot(d.x, d.y);
    ++n;
  }
  if (n == 0) return std::nullopt;
  return sum / static_cast<double>(n);
}

std::optional<double> interocular_distance(const data::Object& truth) {
  const auto eyes = eye_points(static_cast<int64_t>(truth.landmarks.size()));
  if (!eyes) return std::nullopt;
  const auto [left, right] = *eyes;
  if (!truth.visible.at(left) || !truth.visible.at(right)) return std::nullopt;
  const cv::Point2f d = truth.landmarks[left] - truth.landmarks[right];
  const double distance = std::hypot(d.x, d.y);
  if (distance == 0) return std::nullopt;
  return distance;
}

double box_size(const data::Object& object) {
  return std::sqrt(static_cast<double>(object.box.width) * object.box.height);
}

double failure_rate(const std::vector<double>& errors, double limit) {
  if (errors.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto failures =
      std::count_if(errors.begin(), errors.end(), [limit](double e) { return e > limit; });
  return static_cast<double>(failures) / static_cast<double>(errors.size());
}

double error_auc(const std::vector<double>& errors, double limit) {
  if (errors.empty()) return std::numeric_limits<double>::quiet_NaN();
  double area = 0;  // each error lifts the curve by one share from itself to the limit
  for (const double error : errors) area += std::max(0.0, limit - error);
  return area / limit / static_cast<double>(errors.size());
}

}  // namespace manyfold::metrics
