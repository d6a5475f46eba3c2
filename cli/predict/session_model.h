#pragma once

#include "exporters/runtime.h"
#include "train/predictor.h"
#include "train/task.h"

namespace manyfold::cli {

/// A model in ONNX Runtime as a predictor; one of a fixed batch is run row by row, and one with
/// memory clip by clip, frame by frame. Throws UserError when its outputs do not answer the tasks.
/// The session must outlive it.
train::Predictor predictor(const exporters::Session& session, const train::Tasks& tasks);

}  // namespace manyfold::cli
