#include "metrics/temporal/over_time.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace manyfold::metrics {
namespace {

using Classes = std::vector<Mean>;

void sum(const Classes& from, Classes& into) {
  into.resize(std::max(into.size(), from.size()));
  for (size_t c = 0; c < from.size(); ++c) into[c] += from[c];
}

/// The sums over some frames of a clip.
Classes sums_of(const std::vector<Classes>& clip, size_t begin, size_t end) {
  Classes sums;
  for (size_t t = begin; t < end; ++t) sum(clip[t], sums);
  return sums;
}

bool has_any(const Classes& sums) {
  return std::any_of(sums.begin(), sums.end(), [](const Mean& c) { return c.count > 0; });
}

/// The sums over the two ends of a clip; none where they cannot be compared.
struct Ends {
  Classes first, last;
};
std::optional<Ends> ends_of(const std::vector<Classes>& clip, int64_t frames) {
  const auto length = clip.size(), part = static_cast<size_t>(frames);
  if (length < 2 * part) return {};
  Ends ends{sums_of(clip, 0, part), sums_of(clip, length - part, length)};
  if (!has_any(ends.first) || !has_any(ends.last)) return {};
  return ends;
}

}  // namespace

double mean_over_classes(const Classes& by_class) {
  Mean mean;
  for (const Mean& each : by_class) {
    if (each.count > 0) mean.add(each.value());
  }
  return mean.value();
}

void OverTime::add(Classes by_class) {
  if (clips_.empty()) start();
  clips_.back().push_back(std::move(by_class));
}

double OverTime::value() const {
  Classes sums;
  for (const auto& clip : clips_) sum(sums_of(clip, 0, clip.size()), sums);
  return mean_over_classes(sums);
}

int64_t OverTime::count() const {
  int64_t all = 0;
  for (const auto& clip : clips_) {
    for (const auto& each : clip) {
      for (const Mean& c : each) all += c.count;
    }
  }
  return all;
}

std::vector<double> OverTime::by_frame() const {
  std::vector<Classes> sums;
  for (const auto& clip : clips_) {
    sums.resize(std::max(sums.size(), clip.size()));
    for (size_t t = 0; t < clip.size(); ++t) sum(clip[t], sums[t]);
  }
  std::vector<double> values;
  for (const Classes& each : sums) values.push_back(mean_over_classes(each));
  return values;
}

double OverTime::first(int64_t frames) const {
  Classes sums;
  for (const auto& clip : clips_) {
    if (const auto ends = ends_of(clip, frames)) sum(ends->first, sums);
  }
  return mean_over_classes(sums);
}

double OverTime::last(int64_t frames) const {
  Classes sums;
  for (const auto& clip : clips_) {
    if (const auto ends = ends_of(clip, frames)) sum(ends->last, sums);
  }
  return mean_over_classes(sums);
}

int64_t OverTime::clips(int64_t frames) const {
  return std::count_if(clips_.begin(), clips_.end(),
                       [&](const Clip& clip) { return ends_of(clip, frames).has_value(); });
}

void OverTime::append_ends(const std::string& name, bool higher_is_better, int64_t frames,
                           std::vector<Figure>& figures) const {
  const auto count = clips(frames);
  figures.push_back(
      {name + "_first", first(frames), higher_is_better, count, "clips",
       fmt::format("{} over the first {} frames of clips at least twice as long.", name, frames)});
  figures.push_back({name + "_last", last(frames), higher_is_better, count, "clips",
                     fmt::format("{} over the last {} frames of the same clips.", name, frames)});
}

}  // namespace manyfold::metrics
