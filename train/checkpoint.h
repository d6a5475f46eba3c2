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
  std::string optimizer_type;   // whose moments `optimizer` holds; empty in older files
  int64_t step = 0;             // steps done
  int64_t average_updates = 0;
  int64_t skipped_in_a_row = 0;
  double best = -1;    // score of the best evaluation so far
  std::string config;  // the job's composed config, as YAML

  /// The weights that are evaluated, exported and used: the average where there is one.
  const models::StateDict& deployed() const { return average.empty() ? weights : average; }
};

/// One safetensors file. `deployed()` stands under the model's own names, so that any reader of the
/// format finds plain weights; the rest under "raw/", "optimizer/" and "weighting/". The metadata
/// hold the counters, the config and a SHA-256 of all of it. Throws UserError when the disk is full
/// or the path cannot be written; the file that was there before is then still there.
void save_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint);

/// Throws UserError for a file that is damaged (a single flipped bit is noticed) or no checkpoint.
Checkpoint load_checkpoint(const std::filesystem::path& path);

}  // namespace manyfold::train
