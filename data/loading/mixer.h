#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace manyfold::data {

/// One slot of a batch: which sample of which source.
struct Draw {
  int64_t source = 0;
  int64_t index = 0;
  bool operator==(const Draw& other) const {
    return source == other.source && index == other.index;
  }
};

/// What the mixer knows of a source.
struct MixSource {
  std::string name;
  std::string group;
  int64_t size = 0;
  double weight = 0;  // within its group; 0 = by size
};

/// The endless sequence of training batches. Every batch is a pure function of (seed, step), so any
/// step can be computed without those before it.
///
/// - Quotas are exact: each group of `mix` gets its share of all slots up to any step, rounded, and
///   each source its share of its group's (see `seats`). A batch of 8 at 30/70 holds 2 or 3 of the
///   first, and ten such batches hold 24.
/// - Each source is an endless row of seeded shuffles: every sample once, then all again in another
///   order. Where a batch reaches over the end of one, samples that it already holds wait until
///   after it. In a source smaller than two quotas the order may bend further; a batch never holds
///   a sample twice unless its quota is larger than the source.
/// - The order inside the batch is shuffled.
class Mixer {
 public:
  /// `mix`: share by group, relative; empty = all sources are one group. `where` names it in
  /// messages. Throws ConfigError for groups without a source, sources whose group is not in `mix`,
  /// weights given to only some sources of a group or too small to count, and nothing left to draw
  /// from.
  Mixer(std::vector<MixSource> sources, const std::map<std::string, double>& mix, int64_t batch,
        uint64_t seed, const std::string& where = "data.mix");

  std::vector<Draw> batch(int64_t step) const;

  /// How many samples of each source the first `steps` batches hold.
  std::vector<int64_t> drawn(int64_t steps) const;

 private:
  struct Group {
    std::vector<size_t> members;
    std::vector<int64_t> weights;
  };

  Group make_group(const std::string& name, double share, const std::string& where) const;
  std::vector<int64_t> source_items(size_t source, int64_t first, int64_t end) const;
  std::vector<int64_t> bent_head(size_t source, int64_t epoch) const;
  int64_t step_of(size_t source, int64_t draw) const;

  std::vector<MixSource> sources_;
  std::vector<Group> groups_;
  std::vector<int64_t> shares_;
  int64_t batch_;
  uint64_t seed_;
};

}  // namespace manyfold::data
