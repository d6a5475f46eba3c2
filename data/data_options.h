#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/config/fields.h"
#include "data/augment.h"
#include "data/bad_files.h"
#include "data/crops.h"
#include "data/loader.h"
#include "data/mixer.h"
#include "data/source_options.h"
#include "data/training_sources.h"

namespace manyfold::data {

/// The section `data` of a configuration.
struct DataOptions {
  std::string root;                       // for sources to refer to as ${data.root}
  config::PictureSize size = {160, 160};  // of the network's picture
  std::string fit = "letterbox";          // or stretch
  int64_t batch = 32;
  int64_t threads = 2;
  int64_t ahead = 4;
  double max_bad_share = 0.01;
  double labelled = 1;
  double unlabelled = 0.5;
  std::map<std::string, double> mix;
  AugmentOptions augment;
  std::vector<std::pair<std::string, SourceOptions>> sources;
  std::vector<std::pair<std::string, SourceOptions>> validation;
  void fields(config::Fields& f);

  cv::Size network_size() const {
    return {static_cast<int>(size.width), static_cast<int>(size.height)};
  }
  Fit how() const { return fit == "stretch" ? Fit::stretch : Fit::letterbox; }
};

using Sources = std::vector<std::unique_ptr<Source>>;

/// Opens a source and logs the problems that it states. Errors as make_source.
std::unique_ptr<Source> open_source(const std::string& name, const SourceOptions& options,
                                    const LabelSpecs& specs);

/// Opens every source of a list and logs the problems it states. Errors as make_source.
Sources open_sources(const std::vector<std::pair<std::string, SourceOptions>>& list,
                     const LabelSpecs& specs);

/// This process's part of distributed training: of every global batch, the slots rank, rank +
/// world, rank + 2 world, ...
struct Shard {
  int64_t rank = 0;
  int64_t world = 1;
};

/// The training sources, mixed and augmented.
class TrainingData {
 public:
  /// Opens the sources, see open_training_sources.
  /// With `crops`, samples are views as multi_crop makes them, instead of augmented pictures with
  /// labels: two frames of the large size, and the small ones as the batch's `crops`.
  /// Throws ConfigError and UserError before anything slow starts.
  TrainingData(const DataOptions& options, const LabelSpecs& specs, uint64_t seed,
               Unlabelled unlabelled = Unlabelled::dropped,
               const std::optional<CropOptions>& crops = {});

  /// Batches from `first_step` on: the same, bit for bit, as a loader that started earlier gives
  /// for these steps. The TrainingData must outlive it. `Batch::size` is batch / world.
  std::unique_ptr<Loader> loader(int64_t first_step = 0, Shard shard = {});

  BadFiles& bad_files() { return bad_; }

 private:
  Sample prepare(const Draw& draw, int64_t step, int64_t slot);
  Random chance(int64_t source, int64_t sample, int64_t step, int64_t slot) const;

  DataOptions options_;
  LabelSpecs specs_;
  uint64_t seed_;
  std::optional<CropOptions> crops_;
  TrainingSources sources_;
  std::unique_ptr<Mixer> mixer_;
  BadFiles bad_;
};

/// One source once through, in order, fitted to the network's size without augmentation; the last
/// batch may be smaller. A bad sample is left out here, not replaced, so that nothing counts twice:
/// its slot holds the next good sample with every label removed, and its origin's name is empty.
/// `source` and `bad` must outlive the loader.
std::unique_ptr<Loader> evaluation_loader(const Source& source, const DataOptions& options,
                                          const LabelSpecs& specs, BadFiles& bad);

}  // namespace manyfold::data
