#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "data/mixer.h"
#include "data/source_options.h"

namespace manyfold::data {

struct DataOptions;

/// What becomes of pictures that no task in training learns from.
enum class Unlabelled { dropped, kept };

/// What training draws from, and how much of each batch comes from where.
struct TrainingSources {
  struct Entry {
    SourceOptions options;
    std::string group;  // of `mix`
    std::unique_ptr<Source> source;
  };
  std::vector<Entry> all;
  std::map<std::string, double> mix;  // share by group; empty: all are one group

  std::vector<MixSource> for_mixer() const;
};

/// Opens `options.sources`. Those that label no task in training are left out, and said to be,
/// unless pictures without labels are kept. With `options.labelled` below 1 the labels of that
/// share of each source's samples count; the other samples are left out as well or, kept, are drawn
/// as pictures without labels for `options.unlabelled` of their group's share of a batch.
TrainingSources open_training_sources(const DataOptions& options, const LabelSpecs& specs,
                                      Unlabelled unlabelled);

}  // namespace manyfold::data
