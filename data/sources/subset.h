#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/sources/source.h"

namespace manyfold::data {

/// Some samples of a source, in its order.
class Subset : public Source {
 public:
  /// `items`: numbers of the source's samples; may be empty.
  Subset(const std::string& name, std::shared_ptr<const Source> source, std::vector<int64_t> items);

  int64_t size() const override { return static_cast<int64_t>(items_.size()); }
  bool clips() const override { return source_->clips(); }
  int64_t length(int64_t index) const override { return source_->length(item(index)); }
  bool may_be_labelled(int64_t index) const override {
    return source_->may_be_labelled(item(index));
  }
  Sample get(int64_t index, int64_t detail = 0) const override;
  Sample part(int64_t index, const FrameRange& range, int64_t detail = 0) const override;
  std::string sample_name(int64_t index) const override;
  std::vector<std::filesystem::path> files(int64_t index) const override;

 private:
  int64_t item(int64_t index) const { return items_.at(static_cast<size_t>(index)); }

  std::shared_ptr<const Source> source_;
  std::vector<int64_t> items_;
};

}  // namespace manyfold::data
