#pragma once

#include <ATen/core/Tensor.h>

#include <utility>

#include "losses/detector_options.h"

namespace manyfold::losses {

/// Objects of N pictures, padded to F. Coordinates in [0, 1] of the picture.
struct DetectorLabels {
  at::Tensor present;        // bool [N]: the picture's objects are labelled
  at::Tensor count;          // int64 [N]: how many; those after it are padding
  at::Tensor box;            // float [N, F, 4], x1 y1 x2 y2
  at::Tensor object_class;   // int64 [N, F]; < 0 = ignored region: neither object nor background
  at::Tensor landmarks;      // float [N, F, K, 2]; anything (NaN too) where not visible
  at::Tensor visible;        // bool [N, F, K]
  at::Tensor labelled = {};  // bool [N, C]: the class was looked for; undefined = every class
};

/// bool [N, C]: the picture says where objects of the class are, and where none are.
at::Tensor asked_classes(const DetectorLabels& labels, const DetectorOptions& options);

/// bool [N, F]: objects of positive size, of classes that their picture is labelled for. An object
/// of a class that does not exist is an error.
at::Tensor learnable_objects(const DetectorLabels& labels, const DetectorOptions& options);

/// bool [N, F]: ignored regions.
at::Tensor ignored_regions(const DetectorLabels& labels);

/// The entries of `chosen` [N, F] as (picture, object), int64 [M] each.
std::pair<at::Tensor, at::Tensor> entries_of(const at::Tensor& chosen);

}  // namespace manyfold::losses
