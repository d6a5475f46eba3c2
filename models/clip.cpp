#include "models/clip.h"

#include <torch/types.h>

#include <algorithm>

namespace manyfold::models {
namespace {

using torch::Tensor;

/// One map of every clip at frame t.
std::vector<Tensor> frame_of(const std::vector<Tensor>& features, int64_t t, int64_t frames) {
  std::vector<Tensor> rows;
  for (const auto& map : features) rows.push_back(map.slice(0, t, c10::nullopt, frames));
  return rows;
}

/// Frames of N rows each as the rows of clips, in the frames' memory layout.
Tensor joined(const std::vector<Tensor>& frames) {
  const auto layout = frames.front().suggest_memory_format();
  return torch::stack(frames, 1).flatten(0, 1).contiguous(layout);
}

/// Which of `given` each map is itself; -1 = none.
std::vector<int64_t> places_of(const std::vector<Tensor>& maps, const std::vector<Tensor>& given) {
  std::vector<int64_t> places;
  for (const auto& map : maps) {
    const auto found = std::find_if(given.begin(), given.end(),
                                    [&](const Tensor& other) { return map.is_same(other); });
    places.push_back(found == given.end() ? -1 : found - given.begin());
  }
  return places;
}

}  // namespace

Remembered along_time(const TimeStep& step, const std::vector<Tensor>& features, int64_t frames,
                      const State& state) {
  TORCH_CHECK(frames > 0, "along_time: needs frames, got ", frames);
  for (const auto& map : features) {
    TORCH_CHECK(map.size(0) % frames == 0, "along_time: ", map.size(0), " rows are not clips of ",
                frames, " frames");
  }
  if (frames == 1) return step(features, state);
  Remembered result{{}, state};
  std::vector<std::vector<Tensor>> seen(static_cast<size_t>(frames));  // by frame, by map
  std::vector<int64_t> handed_on;  // by map: which of `features` it is in every frame; -1 = none
  for (int64_t t = 0; t < frames; ++t) {
    const auto now = frame_of(features, t, frames);
    auto next = step(now, result.state);
    if (t == 0) handed_on = places_of(next.features, now);
    const auto places = places_of(next.features, now);
    for (size_t i = 0; i < places.size(); ++i) {
      if (places[i] != handed_on.at(i)) handed_on[i] = -1;
    }
    seen[static_cast<size_t>(t)] = std::move(next.features);
    result.state = std::move(next.state);
  }
  for (size_t i = 0; i < handed_on.size(); ++i) {
    std::vector<Tensor> map;
    for (const auto& of_frame : seen) map.push_back(of_frame.at(i));
    result.features.push_back(handed_on[i] >= 0 ? features[static_cast<size_t>(handed_on[i])]
                                                : joined(map));
  }
  return result;
}

State detached(const State& state) {
  State result;
  for (const auto& h : state) result.push_back(h.detach());
  return result;
}

}  // namespace manyfold::models
