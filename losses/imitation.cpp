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
Tensor split(const Tensor& raw, const SsldOptions& options) {
  return raw.unflatten(1, {options.anchor_count(), options.depth()});
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

Tensor imitate_objects(const Tensor& student, const Tensor& teacher, const SsldOptions& options) {
  check_shapes("imitate_objects", student, teacher);
  const auto s = split(student, options), t = split(teacher.detach(), options);
  const auto confidence = t.select(2, 4).sigmoid();
  const auto difference = [&](int64_t from, int64_t to) {
    return (s.slice(2, from, to) - t.slice(2, from, to)).square().sum(2);
  };
  auto each = (s.slice(2, 0, 2).sigmoid() - t.slice(2, 0, 2).sigmoid()).square().sum(2) *
                  options.centre_weight +
              difference(2, 4) * options.size_weight;
  if (options.landmarks > 0) {
    each = each + difference(5, options.depth()) *
                      (options.landmark_weight / static_cast<double>(options.landmarks));
  }
  const auto importance =
      confidence * options.object_weight + (1 - confidence) * options.background_weight;
  const auto counted = confidence.masked_fill(confidence < kLeastConfidence, 0);
  const auto all = (binary_divergence(s.select(2, 4), t.select(2, 4)) * importance).sum() +
                   (each * counted).sum();
  return all / confidence.sum().clamp_min(1);
}

Tensor essence_of_objects(const Tensor& raw, const SsldOptions& options) {
  const auto numbers = split(raw, options);
  const auto confidence = numbers.slice(2, 4, 5);
  // A little lower, so that rounding brings no emptied cell back above the bound.
  auto essence = numbers.masked_fill(confidence.sigmoid() < 0.95 * kLeastConfidence, 0);
  essence.slice(2, 4, 5).copy_(confidence);
  return essence.flatten(1, 2);
}

}  // namespace manyfold::losses
