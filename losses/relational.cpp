#include "losses/relational.h"

#include <ATen/ATen.h>

namespace manyfold::losses {
namespace {

using at::Tensor;

// Below it a distance counts as none: its root has no gradient at 0.
constexpr double kLeast = 1e-12;

void check_rows(const char* who, const Tensor& student, const Tensor& teacher) {
  TORCH_CHECK(student.dim() == 2 && teacher.dim() == 2 && student.size(0) == teacher.size(0), who,
              ": needs [N, C] and [N, D], got ", student.sizes(), " and ", teacher.sizes());
}

/// [N, C] -> [N, N, C]: row j as seen from row i.
Tensor differences(const Tensor& rows) { return rows.unsqueeze(0) - rows.unsqueeze(1); }

/// [N, N, C] -> [N, N, 1]
Tensor lengths(const Tensor& vectors) {
  const auto squares = vectors.square().sum(2, /*keepdim=*/true);
  return squares.clamp_min(kLeast).sqrt().masked_fill(squares < kLeast, 0);
}

Tensor scaled_distances(const Tensor& rows) {
  const auto distances = lengths(differences(rows));
  const auto pairs = static_cast<double>(rows.size(0) * (rows.size(0) - 1));
  return distances / (distances.sum() / pairs).clamp_min(kLeast);
}

/// [N, C] -> [N, N, N]: entry (i, j, k) is the cosine between rows j and k as seen from row i.
Tensor cosines(const Tensor& rows) {
  const auto vectors = differences(rows);
  const auto length = lengths(vectors);
  // Divided by 1 where there is no direction: a tiny number would make the gradient huge.
  const auto units = vectors / length.masked_fill(length == 0, 1);
  return units.bmm(units.transpose(1, 2));
}

}  // namespace

Tensor relate_distances(const Tensor& student, const Tensor& teacher) {
  check_rows("relate_distances", student, teacher);
  if (student.size(0) < 2) return student.sum() * 0;
  return at::smooth_l1_loss(scaled_distances(student), scaled_distances(teacher.detach()));
}

Tensor relate_angles(const Tensor& student, const Tensor& teacher) {
  check_rows("relate_angles", student, teacher);
  if (student.size(0) < 2) return student.sum() * 0;
  return at::smooth_l1_loss(cosines(student), cosines(teacher.detach()));
}

}  // namespace manyfold::losses
