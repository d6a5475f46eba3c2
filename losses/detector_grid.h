#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "losses/detector_options.h"

namespace manyfold::losses {

/// Cells of one stride.
struct GridSize {
  int64_t rows = 0, columns = 0;
};

/// The P places of a detector, each an anchor in a cell, in the order of the strides, of their
/// anchors, of rows, of columns. A here counts the anchors of all strides.
struct DetectorGrid {
  at::Tensor anchor;           // float [A, 2]: w h
  at::Tensor rows, columns;    // int64 [A]: of the grid that the anchor stands on
  at::Tensor first;            // int64 [A]: the anchor's place in row 0, column 0
  at::Tensor anchor_of_place;  // int64 [P]
  at::Tensor cell_of_place;    // int64 [P]: row * columns + column
  int64_t places() const { return cell_of_place.size(0); }
};

/// `sizes`: one for each stride.
DetectorGrid detector_grid(const std::vector<GridSize>& sizes, const DetectorOptions& options,
                           at::Device device);

/// Refuses what are not a detector's outputs: one [N, A * D, Sh, Sw] for each stride, see
/// `DetectorOptions`.
void check_outputs(const std::vector<at::Tensor>& raw, const DetectorOptions& options);

/// The grid of a detector's outputs.
DetectorGrid grid_of(const std::vector<at::Tensor>& raw, const DetectorOptions& options);

/// Anchors as float [A, 2] on `device`.
at::Tensor anchor_tensor(const std::vector<double>& anchors, at::Device device);

}  // namespace manyfold::losses
