#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace manyfold::data {

/// What a stretch of a run draws.
struct DrawPhase {
  int64_t steps = 0;
  std::map<std::string, double> mix;  // share by group; empty: as data.mix
  /// Share of its steps whose batch holds clips, at its beginning and at its end; between them it
  /// changes linearly. The other steps' batches hold stills.
  double clips = 0, last_clips = 0;
  int64_t frames = 8;  // of a clip that a batch holds
  /// Batches in a row that go on with the same clips, for training through more frames than fit
  /// into one (truncated back-propagation).
  int64_t chunks = 1;
  std::string name = {};  // in the config, for messages
};

/// Which step draws what: a pure function of the phases, so that any step can be computed without
/// those before it.
class DrawPlan {
 public:
  /// At least one phase; steps after the last are of its kind.
  explicit DrawPlan(std::vector<DrawPhase> phases);

  struct Step {
    size_t phase = 0;
    bool clips = false;
    int64_t number = 0;  // among the steps of its kind in its phase
  };
  Step at(int64_t step) const;

  const std::vector<DrawPhase>& phases() const { return phases_; }
  /// Whether any step of a phase draws clips, and whether any draws stills.
  bool draws_clips(size_t phase) const;
  bool draws_stills(size_t phase) const;

 private:
  std::vector<DrawPhase> phases_;
};

}  // namespace manyfold::data
