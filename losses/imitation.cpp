#include "losses/imitation.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace manyfold::losses {
namespace {

using at::Tensor;

void check_shapes(const char* who, const Tensor& student, const Tensor& teacher) {
  TORCH_CHECK(student.sizes() == teacher.sizes() && student.dim() >= 2, who,
              ": student and teacher must have one shape [N, C, ...], got ", student.sizes(),
              " and ", teacher.sizes());
}

/// KL of one yes or no, each element by itself: p log(p / q) + (1 - p) log((1 - p) / (1 - q)).
Tensor binary_divergence(const Tensor& student, const Tensor& teacher) {
  const auto p = teacher.sigmoid();
  return p * (at::log_sigmoid(teacher) - at::log_sigmoid(student)) +
         (1 - p) * (at::log_sigmoid(-teacher) - at::log_sigmoid(-student));
}

/// [N, A * D, Sh, Sw] -> [N, A, D, Sh, Sw]
Tensor split(const Tensor& raw, const DetectorOptions& options) {
  return raw.unflatten(1, {options.anchors_per_level(), options.depth()});
}

/// What one stride adds to both sides of the fraction.
struct Part {
  Tensor distance, confidence;
};

Part imitate_level(const Tensor& student, const Tensor& teacher, const DetectorOptions& options) {
  check_shapes("imitate_objects", student, teacher);
  const auto s = split(student, options), t = split(teacher.detach(), options);
  const auto end = 4 + options.classes;
  const auto difference = [&](int64_t from, int64_t to) {
    return (s.slice(2, from, to) - t.slice(2, from, to)).square().sum(2);
  };
  auto each = (s.slice(2, 0, 2).sigmoid() - t.slice(2, 0, 2).sigmoid()).square().sum(2) *
                  options.centre_weight +
              difference(2, 4) * options.size_weight;
  if (options.landmarks > 0) {
    each = each + difference(end, options.depth()) *
                      (options.landmark_weight / static_cast<double>(options.landmarks));
  }
  const auto confidence = t.slice(2, 4, end).sigmoid();  // [N, A, C, Sh, Sw]
  const auto importance =
      confidence * options.object_weight + (1 - confidence) * options.background_weight;
  const auto sure = confidence.amax(2);
  const auto counted = sure.masked_fill(sure < kLeastConfidence, 0);
  return {(binary_divergence(s.slice(2, 4, end), t.slice(2, 4, end)) * importance).sum() +
              (each * counted).sum(),
          sure.sum()};
}

}  // namespace

Tensor imitate_scores(const Tensor& student, const Tensor& teacher, double temperature) {
  check_shapes("imitate_scores", student, teacher);
  const auto a = student / temperature, b = teacher.detach() / temperature;
  const double scale = temperature * temperature;
  if (student.size(1) == 1) return binary_divergence(a, b).mean() * scale;
  const auto log_p = b.log_softmax(1);
  return (log_p.exp() * (log_p - a.log_softmax(1))).sum(1).mean() * scale;
}

Tensor imitate_objects(const std::vector<Tensor>& student, const std::vector<Tensor>& teacher,
                       const DetectorOptions& options) {
  TORCH_CHECK(!student.empty() && student.size() == teacher.size(),
              "imitate_objects: ", student.size(), " outputs of the student, ", teacher.size(),
              " of the teacher");
  auto sum = imitate_level(student[0], teacher[0], options);
  for (size_t i = 1; i < student.size(); ++i) {
    const auto part = imitate_level(student[i], teacher[i], options);
    sum = {sum.distance + part.distance, sum.confidence + part.confidence};
  }
  return sum.distance / sum.confidence.clamp_min(1);
}

std::vector<Tensor> essence_of_objects(const std::vector<Tensor>& raw,
                                       const DetectorOptions& options) {
  std::vector<Tensor> essences;
  for (const auto& level : raw) {
    const auto numbers = split(level, options);
    const auto confidence = numbers.slice(2, 4, 4 + options.classes);
    const auto sure = confidence.sigmoid().amax(2, /*keepdim=*/true);
    // A little lower, so that rounding brings no emptied cell back above the bound.
    auto essence = numbers.masked_fill(sure < 0.95 * kLeastConfidence, 0);
    essence.slice(2, 4, 4 + options.classes).copy_(confidence);
    essences.push_back(essence.flatten(1, 2));
  }
  return essences;
}

}  // namespace manyfold::losses
