#include "data/sources/partly_labelled.h"

#include <cmath>
#include <limits>

#include "data/permutation.h"

namespace manyfold::data {
namespace {

// The shuffles that batches are drawn from have the numbers of sources as streams: not this one.
constexpr uint32_t kStream = std::numeric_limits<uint32_t>::max();

std::vector<int64_t> items_of(const Source& source, double share, PartlyLabelled::Part part) {
  const auto size = source.size();
  const auto labelled = std::llround(share * static_cast<double>(size));
  const Permutation rank(/*seed=*/0, kStream, /*epoch=*/0, size);
  std::vector<int64_t> items;
  for (int64_t i = 0; i < size; ++i) {
    if ((rank(i) < labelled) == (part == PartlyLabelled::Part::labelled)) items.push_back(i);
  }
  return items;
}

Sample without_labels(Sample sample) {
  for (auto& frame : sample.frames) frame.labels.clear();
  return sample;
}

}  // namespace

PartlyLabelled::PartlyLabelled(const std::shared_ptr<const Source>& source, double share, Part part)
    : Subset(source->name() + (part == Part::labelled ? "" : ", unlabelled"), source,
             items_of(*source, share, part)),
      part_(part) {}

Sample PartlyLabelled::get(int64_t index, int64_t detail) const {
  auto sample = Subset::get(index, detail);
  return part_ == Part::labelled ? sample : without_labels(std::move(sample));
}

Sample PartlyLabelled::part(int64_t index, const FrameRange& range, int64_t detail) const {
  auto sample = Subset::part(index, range, detail);
  return part_ == Part::labelled ? sample : without_labels(std::move(sample));
}

}  // namespace manyfold::data
