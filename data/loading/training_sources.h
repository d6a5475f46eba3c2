#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "data/sources/source_options.h"

namespace manyfold::data {

struct DataOptions;

/// What becomes of pictures that no task in training learns from.
enum class Unlabelled { dropped, kept_clips, kept };

/// What training draws from, and how much of each batch comes from where.
struct TrainingSources {
  struct Entry {
    SourceOptions options;
    bool rest = false;  // samples whose labels do not count
    std::shared_ptr<const Source> source;
    bool filmed = false;  // stills that are drawn as clips, see film()

    bool clips() const { return filmed || source->clips(); }
  };
  std::vector<Entry> all;
  double unlabelled = 0;  // share of a group's pictures that are its rest

  /// The group that an entry is in where shares are given by group, and where they are not.
  static std::string group_of(const Entry& entry, bool grouped);
  /// The share of every group of the sources of clips, or of stills, where `mix` says them for the
  /// groups of the sources (none: all are one group). Groups that have none of that kind are left
  /// out.
  std::map<std::string, double> shares(const std::map<std::string, double>& mix, bool clips) const;

  std::set<std::string> groups;  // that sources are in, be they used or not
};

/// Opens `options.sources`. Those that label no task in training are left out, and said to be,
/// unless pictures without labels are kept. With `options.labelled` below 1 the labels of that
/// share of each source's samples count; the other samples are left out as well or, kept, are drawn
/// as pictures without labels for `options.unlabelled` of their group's share of a batch.
/// `grouped`: shares are given by group though options.mix gives none.
TrainingSources open_training_sources(const DataOptions& options, const LabelSpecs& specs,
                                      Unlabelled unlabelled);

}  // namespace manyfold::data
