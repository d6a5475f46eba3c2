#include "data/partly_labelled.h"

#include <cmath>
#include <limits>

#include "data/permutation.h"

namespace manyfold::data {
namespace {

// The shuffles that batches are drawn from have the numbers of sources as streams: not this one.
constexpr uint32_t kStream = std::numeric_limits<uint32_t>::max();

}  // namespace

PartlyLabelled::PartlyLabelled(std::shared_ptr<const Source> source, double share, Part part)
    : Source(source->name() + (part == Part::labelled ? "" : ", unlabelled"), source->synthetic()),
      source_(std::move(source)),
      part_(part) {
  problems_ = source_->problems();
  const auto size = source_->size();
  const auto labelled = std::llround(share * static_cast<double>(size));
  const Permutation rank(/*seed=*/0, kStream, /*epoch=*/0, size);
  for (int64_t i = 0; i < size; ++i) {
    if ((rank(i) < labelled) == (part_ == Part::labelled)) items_.push_back(i);
  }
}

Sample PartlyLabelled::get(int64_t index, int64_t detail) const {
  auto sample = source_->get(items_.at(static_cast<size_t>(index)), detail);
  if (part_ == Part::unlabelled) sample.labels.clear();
  return sample;
}

std::string PartlyLabelled::sample_name(int64_t index) const {
  return source_->sample_name(items_.at(static_cast<size_t>(index)));
}

std::vector<std::filesystem::path> PartlyLabelled::files(int64_t index) const {
  return source_->files(items_.at(static_cast<size_t>(index)));
}

}  // namespace manyfold::data
