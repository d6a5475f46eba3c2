#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/config/fields.h"

namespace manyfold::train {

/// A factor on a task's loss that changes linearly over a phase.
struct WeightRamp {
  double first = 1, last = 1;
  void fields(config::Fields& f);
};

/// A stretch of a run: what it draws, what learns in it, and how fast.
struct PhaseOptions {
  double share = 1;                 // of the run's steps, beside the other phases' shares
  std::vector<double> clips = {0};  // share of its steps that draw clips: all along, or first, last
  int64_t frames = 0, chunks = 0;   // of clips; 0: as in data.clips
  std::map<std::string, double> mix;       // share by group of sources; empty: as in data.mix
  std::vector<std::string> freeze;         // beside train.freeze
  double lr = 1;                           // factor on the learning rate
  std::map<std::string, double> lr_scale;  // by part, beside train.optimizer.lr_scale
  std::vector<std::pair<std::string, WeightRamp>> weights;  // by task

  void fields(config::Fields& f);
  double first_clips() const { return clips.front(); }
  double last_clips() const { return clips.back(); }
};

/// The phases of a run by name, in order.
using PhaseList = std::vector<std::pair<std::string, PhaseOptions>>;

/// How many of `steps` each phase has: its share, rounded so that they add up. One phase of all
/// steps where the list is empty.
std::vector<int64_t> phase_steps(const PhaseList& phases, int64_t steps);

/// Where a step stands.
struct PhasePlace {
  size_t phase = 0;
  double done = 0;  // of the phase, [0, 1)
};
PhasePlace place_in(const std::vector<int64_t>& phase_steps, int64_t step);

/// What a task's loss is multiplied by at that place; 1 where the phase does not say.
double weight_factor(const PhaseList& phases, const PhasePlace& place, const std::string& task);

}  // namespace manyfold::train
