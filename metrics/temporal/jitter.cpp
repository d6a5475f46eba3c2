#include "metrics/temporal/jitter.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "metrics/landmark_error.h"

namespace manyfold::metrics {
namespace {

using data::Object;

/// Objects with weights that add up to 0.
using Combination = std::vector<std::pair<float, const Object*>>;

bool all_show(const Combination& objects, size_t point) {
  return std::all_of(objects.begin(), objects.end(), [&](const auto& each) {
    const Object& object = *each.second;
    return point < object.landmarks.size() &&
           (object.visible.empty() || object.visible.at(point) != 0);
  });
}

Mean landmark_lengths(const Combination& objects) {
  Mean mean;
  for (size_t k = 0; k < objects.front().second->landmarks.size(); ++k) {
    if (!all_show(objects, k)) continue;
    cv::Point2f sum;
    for (const auto& [weight, object] : objects) sum += weight * object->landmarks[k];
    mean.add(cv::norm(sum));
  }
  return mean;
}

void add(const Combination& objects, double box, Jitter& jitter) {
  cv::Point2f centre;
  float width = 0, height = 0;
  for (const auto& [weight, object] : objects) {
    const cv::Rect2f& b = object->box;
    centre += weight * cv::Point2f(b.x + b.width / 2, b.y + b.height / 2);
    width += weight * b.width;
    height += weight * b.height;
  }
  const auto add_to = [&](Mean Jitter::Parts::*part, double length) {
    (jitter.pixels.*part).add(length);
    (jitter.relative.*part).add(length / box);
  };
  add_to(&Jitter::Parts::centre, cv::norm(centre));
  add_to(&Jitter::Parts::size, (std::abs(width) + std::abs(height)) / 2);
  const Mean landmarks = landmark_lengths(objects);
  if (landmarks.count > 0) add_to(&Jitter::Parts::landmarks, landmarks.value());
}

}  // namespace

Jitter::Parts& Jitter::Parts::operator+=(const Parts& other) {
  centre += other.centre;
  size += other.size;
  landmarks += other.landmarks;
  return *this;
}

Jitter& Jitter::operator+=(const Jitter& other) {
  pixels += other.pixels;
  relative += other.relative;
  return *this;
}

void add_acceleration(const Object& first, const Object& middle, const Object& last,
                      Jitter& jitter) {
  add({{1, &first}, {-2, &middle}, {1, &last}}, box_size(middle), jitter);
}

void add_step_error(const Object& previous, const Object& current, const Object& previous_truth,
                    const Object& current_truth, Jitter& jitter) {
  add({{1, &current}, {-1, &previous}, {-1, &current_truth}, {1, &previous_truth}},
      box_size(current_truth), jitter);
}

}  // namespace manyfold::metrics
