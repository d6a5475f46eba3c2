#include "data/sources/subset.h"

namespace manyfold::data {

Subset::Subset(const std::string& name, std::shared_ptr<const Source> source,
               std::vector<int64_t> items)
    : Source(name, source->synthetic()), source_(std::move(source)), items_(std::move(items)) {
  problems_ = source_->problems();
}

Sample Subset::get(int64_t index, int64_t detail) const {
  return source_->get(item(index), detail);
}

Sample Subset::part(int64_t index, const FrameRange& range, int64_t detail) const {
  return source_->part(item(index), range, detail);
}

std::string Subset::sample_name(int64_t index) const { return source_->sample_name(item(index)); }

std::vector<std::filesystem::path> Subset::files(int64_t index) const {
  return source_->files(item(index));
}

}  // namespace manyfold::data
