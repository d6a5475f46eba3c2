#pragma once

#include "losses/detector_grid.h"
#include "losses/detector_labels.h"

namespace manyfold::losses {

/// Which place learns which object. M objects, sorted by picture and place; int64 [M] each.
struct DetectorPlaces {
  at::Tensor picture, object;      // where it stands in the labels
  at::Tensor anchor, row, column;  // the anchor among those of all strides
  at::Tensor place;                // the same as a place of the grid, in [0, P)
};

/// An object belongs to the anchor of the most similar shape, among those of all strides, and on
/// its stride's grid to the cell of the object's centre (YOLOv3, arXiv:1804.02767). Of objects on
/// one place the largest is learnt, whatever their classes. Not learnt: objects whose centre lies
/// outside the picture, and those that are not `learnable_objects`.
DetectorPlaces detector_assign(const DetectorLabels& labels, const DetectorOptions& options,
                               const DetectorGrid& grid);

}  // namespace manyfold::losses
