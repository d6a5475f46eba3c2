#pragma once

#include <ATen/core/Tensor.h>

#include "data/loading/batch.h"
#include "train/forward.h"

namespace manyfold::pretrain {

/// The two large views of every picture as rows, those of one picture side by side:
/// uint8 [2 N, 3, H, W].
at::Tensor large_views(const data::Batch& batch);

/// The coarsest map of each row, averaged over the picture: uint8 [R, 3, H, W] -> [R, C, 1, 1],
/// which is what a head takes.
at::Tensor pooled_features(const train::Forward& forward, const at::Tensor& rows);

}  // namespace manyfold::pretrain
