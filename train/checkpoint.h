#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "models/weights.h"

namespace manyfold::train {

/// Everything a run is between two steps.
struct Checkpoint {
  models::StateDict weights;    // the model's own
  models::StateDict average;    // the averaged weights; empty without averaging
  models::StateDict optimizer;  // moments and counts, "<parameter>.<what>"
  models::StateDict weighting;  // what the loss weighting has learnt
  models::StateDict objective;  // what the objective learns or keeps beside the model
  std::string optimizer_type;   // whose moments `optimizer` holds; empty in older files
  int64_t step = 0;             // steps done
  int64_t average_updates = 0;
  int64_t skipped_in_a_row = 0;
  double best = -1;        // score of the best evaluation so far in the phase
  double loss_scale = 0;   // of the scaler of gradients; 0 = there is none
  int64_t good_steps = 0;  // since that scale was last changed
  std::string config;      // the job's composed config, as YAML

  /// The weights that are evaluated, exported and used: the average where there is one.
  const models::StateDict& deployed() const { return average.empty() ? weights : average; }
};

/// The batch of the step that a checkpoint stands before, as a file holds it; see saved_step.h.
struct BatchPart {
  models::StateDict tensors;  // under "batch/"
  std::string notes;          // JSON: what is no tensor; empty = there is no batch
};

/// One safetensors file. `deployed()` stands under the model's own names, so that any reader of the
/// format finds plain weights; the rest under "raw/", "optimizer/", "weighting/" and "objective/".
/// The metadata hold the counters, the config and a SHA-256 of all of it. Throws UserError when the
/// disk is full or the path cannot be written; the file that was there before is then still there.
void save_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint,
                     const BatchPart& batch = {});

/// Throws UserError for a file that is damaged (a single flipped bit is noticed) or no checkpoint.
/// `batch`: receives the batch of the file, if it has one.
Checkpoint load_checkpoint(const std::filesystem::path& path, BatchPart* batch = nullptr);

}  // namespace manyfold::train
