#pragma once

#include <functional>

#include "models/temporal.h"

namespace manyfold::models {

/// One step in time of N clips: `Temporal::forward`, or a replayed graph of it.
using TimeStep = std::function<Remembered(const std::vector<torch::Tensor>&, const State&)>;

/// Takes `step` along `frames` frames of N clips, in order, each with the state that the one before
/// left.
///
///   features  maps with N * frames rows: frame t of clip n is row n * frames + t
///   state     before the first frame; empty = the start
///
/// Returns what the step makes of the maps, with the same rows, and the state after the last frame.
/// Nothing is copied of stills
/// (`frames` = 1), nor of a map that every step hands on as it is. Gradients flow back through all
/// of the frames, and through `state` unless it is detached.
Remembered along_time(const TimeStep& step, const std::vector<torch::Tensor>& features,
                      int64_t frames, const State& state = {});

/// The state without its history, to go on in the next part of long clips.
State detached(const State& state);

}  // namespace manyfold::models
