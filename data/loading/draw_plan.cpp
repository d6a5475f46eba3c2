#include "data/loading/draw_plan.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace manyfold::data {
namespace {

/// How many of a phase's first steps draw clips: the sum of the shares so far, rounded down, so
/// that the share is exact over any stretch.
int64_t clip_steps(const DrawPhase& phase, int64_t steps) {
  const auto within = static_cast<double>(std::min(steps, phase.steps));
  const auto beyond = static_cast<double>(steps) - within;
  const double slope =
      phase.steps > 0 ? (phase.last_clips - phase.clips) / static_cast<double>(phase.steps) : 0;
  const double sum = phase.clips * within + slope * within * within / 2 + phase.last_clips * beyond;
  constexpr double kRounding = 1e-9;
  return static_cast<int64_t>(std::floor(sum + kRounding));
}

}  // namespace

DrawPlan::DrawPlan(std::vector<DrawPhase> phases) : phases_(std::move(phases)) {}

DrawPlan::Step DrawPlan::at(int64_t step) const {
  Step found;
  while (found.phase + 1 < phases_.size() && step >= phases_[found.phase].steps)
    step -= phases_[found.phase++].steps;
  const auto& phase = phases_[found.phase];
  const auto before = clip_steps(phase, step);
  found.clips = clip_steps(phase, step + 1) > before;
  found.number = found.clips ? before : step - before;
  return found;
}

bool DrawPlan::draws_clips(size_t phase) const {
  return phases_.at(phase).clips > 0 || phases_.at(phase).last_clips > 0;
}

bool DrawPlan::draws_stills(size_t phase) const {
  return phases_.at(phase).clips < 1 || phases_.at(phase).last_clips < 1;
}

}  // namespace manyfold::data
