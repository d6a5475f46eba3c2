#include "losses/detector_assign.h"

#include <torch/types.h>

#include "losses/boxes.h"

namespace manyfold::losses {
namespace {

using torch::Tensor;

/// Row in [M] of the last of each run of equal numbers in `sorted`.
Tensor last_of_runs(const Tensor& sorted) {
  if (sorted.numel() == 0) return torch::zeros({0}, sorted.options());
  const auto last = torch::ones({1}, sorted.options().dtype(torch::kBool));
  const auto changes = sorted.slice(0, 1).ne(sorted.slice(0, 0, -1));
  return torch::cat({changes, last}).nonzero().select(1, 0);
}

/// Rows in [M], ordered by `place`, of the largest of those with one place.
Tensor largest_by_place(const Tensor& place, const Tensor& area) {
  const auto by_area = area.argsort(/*stable=*/true, /*dim=*/0, /*descending=*/false);
  const auto [sorted, order] =
      place.index_select(0, by_area).sort(/*stable=*/true, /*dim=*/0, /*descending=*/false);
  return by_area.index_select(0, order).index_select(0, last_of_runs(sorted));
}

}  // namespace

DetectorPlaces detector_assign(const DetectorLabels& labels, const DetectorOptions& options,
                               const DetectorGrid& grid) {
  const auto centre = centre_of(labels.box);
  const auto inside = centre.ge(0).all(-1) & centre.lt(1).all(-1);
  const auto [picture, object] = entries_of(learnable_objects(labels, options) & inside);
  const auto box = labels.box.index({picture, object}).to(torch::kFloat);
  const auto size = size_of(box);
  const auto anchor = shape_iou(size.unsqueeze(1), grid.anchor.unsqueeze(0)).argmax(1);
  const auto columns = grid.columns.index_select(0, anchor);
  const auto cells = torch::stack({columns, grid.rows.index_select(0, anchor)}, 1);
  const auto cell = (centre_of(box) * cells).to(torch::kLong).minimum(cells - 1);
  const auto column = cell.select(1, 0), row = cell.select(1, 1);
  const auto place = grid.first.index_select(0, anchor) + row * columns + column;

  const auto kept = largest_by_place(picture * grid.places() + place, size.prod(1));
  const auto keep = [&](const Tensor& x) { return x.index_select(0, kept); };
  return {keep(picture), keep(object), keep(anchor), keep(row), keep(column), keep(place)};
}

}  // namespace manyfold::losses
