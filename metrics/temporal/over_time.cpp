#include "metrics/temporal/over_time.h"

#include <fmt/format.h>

#include <algorithm>

namespace manyfold::metrics {
namespace {

using Classes = std::vector<Mean>;

void sum(const Classes& from, Classes& into) {
  into.resize(std::max(into.size(), from.size()));
  for (size_t c = 0; c < from.size(); ++c) into[c] += from[c];
}

bool has_any(const std::vector<Classes>& clip) {
  return std::any_of(clip.begin(), clip.end(), [](const Classes& each) {
    return std::any_of(each.begin(), each.end(), [](const Mean& c) { return c.count > 0; });
  });
}

bool is_long(const std::vector<Classes>& clip, int64_t frames) {
  return static_cast<int64_t>(clip.size()) >= 2 * frames;
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
  for (const auto& clip : clips_) {
    for (const auto& each : clip) sum(each, sums);
  }
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
    if (!is_long(clip, frames)) continue;
    std::for_each(clip.begin(), clip.begin() + frames, [&](const auto& each) { sum(each, sums); });
  }
  return mean_over_classes(sums);
}

double OverTime::last(int64_t frames) const {
  Classes sums;
  for (const auto& clip : clips_) {
    if (!is_long(clip, frames)) continue;
    std::for_each(clip.end() - frames, clip.end(), [&](const auto& each) { sum(each, sums); });
  }
  return mean_over_classes(sums);
}

int64_t OverTime::clips(int64_t frames) const {
  return std::count_if(clips_.begin(), clips_.end(),
                       [&](const auto& clip) { return is_long(clip, frames) && has_any(clip); });
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
