#include "data/partly_labelled.h"

#include <cmath>
#include <limits>

#include "data/permutation.h"

namespace manyfold::data {
namespace {

// The shuffles that batches are drawn from have the numbers of sources as streams: not this one.
constexpr uint32_t kStream = std::numeric_limits<uint32_t>::max();

}  // namespace

PartlyLabelled::PartlyLabelled(std::unique_ptr<Source> source, double share, Unlabelled unlabelled)
    : Source(source->name(), source->synthetic()), source_(std::move(source)) {
  problems_ = source_->problems();
  const auto size = source_->size();
  const auto labelled = std::llround(share * static_cast<double>(size));
  const Permutation rank(/*seed=*/0, kStream, /*epoch=*/0, size);
  for (int64_t i = 0; i < size; ++i) {
    const bool counts = rank(i) < labelled;
    if (counts || unlabelled == Unlabelled::kept) items_.push_back({i, counts});
  }
  if (items_.empty()) {
    throw ConfigError("source " + name() + ": with data.labelled = " + std::to_string(share) +
                      " none of its " + std::to_string(size) +
                      " samples is labelled: raise data.labelled, or leave the source out (~data."
                      "sources." +
                      name() + ")");
  }
}

Sample PartlyLabelled::get(int64_t index, int64_t detail) const {
  auto sample = source_->get(item(index).index, detail);
  if (!item(index).labelled) sample.labels.clear();
  return sample;
}

std::string PartlyLabelled::sample_name(int64_t index) const {
  return source_->sample_name(item(index).index);
}

std::vector<std::filesystem::path> PartlyLabelled::files(int64_t index) const {
  return source_->files(item(index).index);
}

}  // namespace manyfold::data
