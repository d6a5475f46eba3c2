#include "data/loading/mixer.h"

#include <algorithm>
#include <cstdio>
#include <set>

#include "common/error.h"
#include "common/random.h"
#include "data/loading/quota.h"
#include "data/permutation.h"

namespace manyfold::data {
namespace {

template <class T>
void shuffle(std::vector<T>& items, Random random) {
  for (size_t i = items.size(); i > 1; --i) {
    std::swap(items[i - 1], items[random.below(static_cast<uint32_t>(i))]);
  }
}

ConfigError too_light(const MixSource& source) {
  char weight[32];
  std::snprintf(weight, sizeof(weight), "%g", source.weight);
  return ConfigError("source " + source.name + ": weight = " + weight +
                     ", which counts as 0; the least is 1e-9. Multiply all weights of its group");
}

/// Replaces what a batch would hold twice by the first items of `spare` that it does not hold.
void remove_repeats(std::vector<int64_t>& items, const Permutation& spare, int64_t size) {
  if (static_cast<int64_t>(items.size()) > size) return;
  std::set<int64_t> held;
  int64_t next = 0;
  std::set<int64_t> all(items.begin(), items.end());
  if (all.size() == items.size()) return;
  for (auto& item : items) {
    if (!held.insert(item).second) {
      while (all.count(spare(next))) ++next;
      item = spare(next);
      all.insert(item);
      held.insert(item);
    }
  }
}

}  // namespace

Mixer::Mixer(std::vector<MixSource> sources, const std::map<std::string, double>& mix,
             int64_t batch, uint64_t seed, const std::string& where)
    : sources_(std::move(sources)), batch_(batch), seed_(seed) {
  if (sources_.empty()) throw ConfigError("data.sources: there is no source to train on");
  std::map<std::string, double> shares = mix;
  if (mix.empty()) {
    for (auto& source : sources_) source.group.clear();
    shares[""] = 1;
  }
  std::vector<std::string> names;
  std::vector<double> weights;
  for (const auto& [name, share] : shares) {
    names.push_back(name);
    weights.push_back(share);
    groups_.push_back(make_group(name, share, where));
  }
  for (const auto& source : sources_) {
    if (shares.count(source.group)) continue;
    throw ConfigError("source " + source.name + ": its group '" + source.group +
                      "' has no share in " + where + known_names(source.group, names));
  }
  shares_ = whole_weights(weights);
  if (std::all_of(shares_.begin(), shares_.end(), [](int64_t w) { return w == 0; })) {
    throw ConfigError(where + ": every share is 0");
  }
}

Mixer::Group Mixer::make_group(const std::string& name, double share,
                               const std::string& where) const {
  Group group;
  std::vector<double> weights;
  int64_t weighted = 0;
  for (size_t i = 0; i < sources_.size(); ++i) {
    if (sources_[i].group != name) continue;
    group.members.push_back(i);
    group.weights.push_back(sources_[i].size);
    weights.push_back(sources_[i].weight);
    weighted += sources_[i].weight > 0;
  }
  if (group.members.empty() && share > 0) {
    std::set<std::string> groups;
    for (const auto& source : sources_) groups.insert(source.group);
    throw ConfigError(where + "." + name + ": no source is in this group" +
                      known_names(name, {groups.begin(), groups.end()}) +
                      "; a source says `group: " + name + "`, or is in real or synthetic");
  }
  if (weighted == 0) return group;
  if (weighted < static_cast<int64_t>(weights.size())) {
    throw ConfigError("data.sources: " + std::to_string(weighted) + " of the " +
                      std::to_string(weights.size()) + " sources" +
                      (name.empty() ? "" : " of group " + name) +
                      " have a weight; give one to all of them or to none");
  }
  group.weights = whole_weights(weights);
  for (size_t m = 0; m < weights.size(); ++m) {
    if (group.weights[m] == 0) throw too_light(sources_[group.members[m]]);
  }
  return group;
}

std::vector<int64_t> Mixer::drawn(int64_t steps) const {
  std::vector<int64_t> counts(sources_.size(), 0);
  const auto of_groups = seats(steps * batch_, shares_);
  for (size_t g = 0; g < groups_.size(); ++g) {
    if (of_groups[g] == 0) continue;
    const auto of_members = seats(of_groups[g], groups_[g].weights);
    for (size_t m = 0; m < of_members.size(); ++m) counts[groups_[g].members[m]] = of_members[m];
  }
  return counts;
}

/// The step whose batch holds the source's draw number `draw`.
int64_t Mixer::step_of(size_t source, int64_t draw) const {
  int64_t low = 0, high = 1;  // drawn(low) <= draw < drawn(high)
  while (drawn(high)[source] <= draw) high *= 2;
  while (high - low > 1) {
    const int64_t middle = low + (high - low) / 2;
    (drawn(middle)[source] <= draw ? low : high) = middle;
  }
  return low;
}

/// The first items of an epoch whose first batch began in the epoch before: those that this batch
/// already holds stand after its end.
std::vector<int64_t> Mixer::bent_head(size_t source, int64_t epoch) const {
  const int64_t size = sources_[source].size, start = epoch * size;
  const int64_t step = step_of(source, start);
  const int64_t before = start - drawn(step)[source];
  const int64_t wanted = drawn(step + 1)[source] - start;
  if (before == 0 || before + wanted > size) return {};

  const auto stream = static_cast<uint32_t>(source);
  const Permutation previous(seed_, stream, epoch - 1, size), order(seed_, stream, epoch, size);
  std::set<int64_t> held;
  for (int64_t place = size - before; place < size; ++place) held.insert(previous(place));
  std::vector<int64_t> head, waiting;
  for (int64_t place = 0; static_cast<int64_t>(head.size()) < wanted; ++place) {
    const int64_t item = order(place);
    (held.count(item) ? waiting : head).push_back(item);
  }
  head.insert(head.end(), waiting.begin(), waiting.end());
  return head;
}

std::vector<int64_t> Mixer::source_items(size_t source, int64_t first, int64_t end) const {
  const int64_t size = sources_[source].size;
  const auto stream = static_cast<uint32_t>(source);
  std::vector<int64_t> items;
  for (int64_t draw = first; draw < end;) {
    const int64_t epoch = draw / size;
    const Permutation order(seed_, stream, epoch, size);
    // A head is never longer than one quota, and no quota exceeds the batch.
    const bool in_head = epoch > 0 && draw % size < batch_;
    const auto head = in_head ? bent_head(source, epoch) : std::vector<int64_t>();
    for (; draw < end && draw / size == epoch; ++draw) {
      const auto place = static_cast<size_t>(draw % size);
      items.push_back(place < head.size() ? head[place] : order(draw % size));
    }
  }
  remove_repeats(items, Permutation(seed_, stream, end / size, size), size);
  return items;
}

std::vector<Draw> Mixer::batch(int64_t step) const {
  const auto first = drawn(step), end = drawn(step + 1);
  std::vector<Draw> draws;
  for (size_t s = 0; s < sources_.size(); ++s) {
    for (const int64_t item : source_items(s, first[s], end[s])) {
      draws.push_back({static_cast<int64_t>(s), item});
    }
  }
  shuffle(draws, Random(seed_, Random::mix, static_cast<uint64_t>(step)));
  return draws;
}

}  // namespace manyfold::data
