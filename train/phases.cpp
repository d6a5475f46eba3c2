#include "train/phases.h"

#include <algorithm>
#include <cmath>

namespace manyfold::train {

void WeightRamp::fields(config::Fields& f) {
  f.field("first", first, "Factor at the phase's beginning.", config::at_least(0));
  f.field("last", last, "Factor at its end; it changes linearly.", config::at_least(0));
}

void PhaseOptions::fields(config::Fields& f) {
  f.field("share", share, "Its share of train.steps, beside those of the other phases.",
          config::positive());
  f.field("clips", clips,
          "Share of its steps that draw clips, the others drawing stills: one number, or [first, "
          "last] between which it changes linearly.",
          config::between(0, 1));
  f.require(clips.size() == 1 || clips.size() == 2, "clips", "must be one number or two");
  f.field("frames", frames, "Frames of a clip in a step; 0: data.clips.frames.",
          config::between(0, 1024));
  f.require(frames != 1, "frames", "must be 2 or more, or 0 for data.clips.frames");
  f.field("chunks", chunks, "Steps in a row that go on with the same clips; 0: data.clips.chunks.",
          config::between(0, 1024));
  f.field("mix", mix, "Share by group of sources; empty: data.mix.", config::between(0, 1e9));
  f.field("freeze", freeze, "Parts that do not learn in this phase, beside train.freeze.");
  f.field("lr", lr, "Factor on the learning rate.", config::at_least(0));
  f.field("lr_scale", lr_scale,
          "Factor on the learning rate by part of the model, in place of "
          "train.optimizer.lr_scale's for that part.",
          config::at_least(0));
  f.entries("weights", weights, "Factors on the tasks' losses, by task.");
}

std::vector<int64_t> phase_steps(const PhaseList& phases, int64_t steps) {
  if (phases.empty()) return {steps};
  double all = 0, sum = 0;
  for (const auto& [name, phase] : phases) all += phase.share;
  std::vector<int64_t> counts;
  int64_t before = 0;
  for (const auto& [name, phase] : phases) {
    sum += phase.share;
    const auto end = std::llround(sum / all * static_cast<double>(steps));
    counts.push_back(end - before);
    before = end;
  }
  return counts;
}

PhasePlace place_in(const std::vector<int64_t>& phase_steps, int64_t step) {
  PhasePlace place;
  while (place.phase + 1 < phase_steps.size() && step >= phase_steps[place.phase])
    step -= phase_steps[place.phase++];
  const auto length = std::max<int64_t>(1, phase_steps[place.phase]);
  place.done = static_cast<double>(step) / static_cast<double>(length);
  return place;
}

double weight_factor(const PhaseList& phases, const PhasePlace& place, const std::string& task) {
  if (phases.empty()) return 1;
  for (const auto& [name, ramp] : phases.at(place.phase).second.weights) {
    if (name == task) return ramp.first + (ramp.last - ramp.first) * place.done;
  }
  return 1;
}

}  // namespace manyfold::train
