#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "data/augment/crops.h"
#include "data/data_options.h"
#include "data/loading/bad_files.h"
#include "data/loading/draw_plan.h"
#include "data/loading/loader.h"
#include "data/loading/mixer.h"
#include "data/loading/training_sources.h"

namespace manyfold::data {

/// This process's part of distributed training: of every global batch, the slots rank, rank +
/// world, rank + 2 world, ...
struct Shard {
  int64_t rank = 0;
  int64_t world = 1;
};

/// What a job asks of its training data beside the options.
struct TrainingNeeds {
  Unlabelled unlabelled = Unlabelled::dropped;
  /// Samples are views as multi_crop makes them, instead of augmented pictures with labels: two
  /// frames of the large size, and the small ones as the batch's `crops`.
  std::optional<CropOptions> crops = {};
  /// What the run draws, one stretch after the other; empty: stills all along.
  std::vector<DrawPhase> phases = {};
  /// Frames of clips say where each pixel was in the frame before (`Batch::motion`).
  bool motion = false;
};

/// How many clips a batch holds: as many as have no more frames than data.batch, and at least one.
int64_t clips_in_batch(const DataOptions& options, const DrawPhase& phase);

/// The training sources, mixed and augmented. A batch holds `data.batch` stills, or clips. A frame
/// of a clip that cannot be read leaves the clip's slot empty, without labels, for that step.
class TrainingData {
 public:
  /// Opens the sources, see open_training_sources.
  /// Throws ConfigError and UserError before anything slow starts: a phase that draws stills or
  /// clips that no source has, clips that are all shorter than what a phase draws of one.
  TrainingData(const DataOptions& options, const LabelSpecs& specs, uint64_t seed,
               TrainingNeeds needs = {});

  /// Batches from `first_step` on: the same, bit for bit, as a loader that started earlier gives
  /// for these steps. The TrainingData must outlive it. `Batch::size` is that of the global batch /
  /// world.
  std::unique_ptr<Loader> loader(int64_t first_step = 0, Shard shard = {});

  BadFiles& bad_files() { return bad_; }

 private:
  /// Sources of one kind, mixed.
  struct Draws {
    std::vector<int64_t> sources;  // numbers in sources_.all, by the mixer's
    Mixer mixer;
  };
  struct PhaseDraws {
    std::optional<Draws> stills, clips;
  };

  const std::map<std::string, double>& mix_of(const DrawPhase& phase) const;
  bool mixes(const DrawPhase& phase, const TrainingSources::Entry& entry) const;
  bool draws_clips() const;
  void film_stills();
  void warn_of_unused() const;
  int64_t window_of(const TrainingSources::Entry& entry) const;
  void keep_long_clips();
  PhaseDraws draws_of(size_t phase) const;
  Draws mixed(size_t phase, bool clips) const;
  std::vector<Draw> draws(int64_t step) const;
  BatchShape shape(int64_t step) const;
  Sample prepare(const Draw& draw, int64_t step, int64_t slot);
  Sample prepare_views(const Source& source, const Draw& draw, int64_t step, int64_t slot);
  Sample prepare_clip(const TrainingSources::Entry& entry, const Draw& draw,
                      const DrawPlan::Step& at, int64_t slot);
  Random chance(int64_t source, int64_t sample, int64_t step, int64_t slot) const;

  DataOptions options_;
  LabelSpecs specs_;
  uint64_t seed_;
  TrainingNeeds needs_;
  DrawPlan plan_;
  TrainingSources sources_;
  std::vector<PhaseDraws> phases_;
  BadFiles bad_;
};

}  // namespace manyfold::data
