#pragma once

#include <ATen/core/Tensor.h>

#include "models/multitask.h"

namespace manyfold::pretrain {

/// What a model's encoder makes of pictures: its coarsest map averaged over the picture, in
/// evaluation mode and without gradients.
///
///   pictures  uint8 [N, 3, H, W], on any device
///
/// Returns float [N, C] on the CPU. `chunk` pictures are run at a time. The model is put back into
/// the mode it was in; its heads are not run.
at::Tensor embed(models::MultiTaskModel model, const at::Tensor& pictures, int64_t chunk = 64);

}  // namespace manyfold::pretrain
