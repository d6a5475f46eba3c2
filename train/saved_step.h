#pragma once

#include <filesystem>

#include "data/loading/batch.h"
#include "train/checkpoint.h"

namespace manyfold::train {

/// One step of training, to be run again: everything before it, and what it was to learn from.
struct SavedStep {
  Checkpoint checkpoint;  // `checkpoint.step` is the step's number
  data::Batch batch;      // on the CPU
};

/// A checkpoint's file that holds the batch as well, under "batch/pictures",
/// "batch/crops" and "batch/<task>/<label>"; so it is as good as a checkpoint elsewhere. Bytes and
/// layouts in memory come back as they were; in a picture's name, bytes that are no UTF-8 are
/// replaced. Throws UserError as save_checkpoint.
void save_step(const std::filesystem::path& path, const Checkpoint& checkpoint,
               const data::Batch& batch);

/// Throws UserError as load_checkpoint, and for a checkpoint without a batch.
SavedStep load_step(const std::filesystem::path& path);

/// A batch with its tensors on `device`.
data::Batch to_device(data::Batch batch, at::Device device);

}  // namespace manyfold::train
