#pragma once

#include <vector>

#include "losses/detector_assign.h"

namespace manyfold::losses {

/// What a detector's outputs should become, as labels and, for confidences, its own boxes say. Of M
/// learnt objects; float where nothing else is said.
struct DetectorTargets {
  DetectorPlaces places;
  at::Tensor object_class;  // int64 [M]
  at::Tensor box;           // [M, 4]
  at::Tensor size;          // [M, 2]
  at::Tensor anchor;        // [M, 2]
  at::Tensor grid, cell;    // [M, 2]: columns and rows of the anchor's grid; column and row
  at::Tensor offset;        // [M, 2]: centre within its cell, in [0, 1)
  at::Tensor points;        // [M, K, 2], encoded; 0 where not visible
  at::Tensor visible;       // [M, K], 0 or 1
  at::Tensor confidence;    // [M]: of the object's class, in [0, 1]
  at::Tensor background;    // bool [N, C, P]: confidences that learn that there is nothing
};

/// raw: one [N, A * D, Sh, Sw] for each stride. Without gradients.
DetectorTargets detector_targets(const std::vector<at::Tensor>& raw, const DetectorLabels& labels,
                                 const DetectorOptions& options, const DetectorGrid& grid);

}  // namespace manyfold::losses
