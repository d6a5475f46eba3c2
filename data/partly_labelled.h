#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/source.h"

namespace manyfold::data {

/// What becomes of pictures that no task in training learns from.
enum class Unlabelled { dropped, kept };

/// A source of whose labels only a share counts: those of round(share * size) samples. The others
/// are pictures without labels, or are not there. Which ones follows from the number of samples
/// alone, whatever a job's seed is, and a smaller share lies within a larger one.
class PartlyLabelled : public Source {
 public:
  /// `share`: in [0, 1]. Throws ConfigError when nothing would be left.
  PartlyLabelled(std::unique_ptr<Source> source, double share, Unlabelled unlabelled);

  int64_t size() const override { return static_cast<int64_t>(items_.size()); }
  Sample get(int64_t index, int64_t detail = 0) const override;
  std::string sample_name(int64_t index) const override;
  std::vector<std::filesystem::path> files(int64_t index) const override;

 private:
  struct Item {
    int64_t index;  // in the source
    bool labelled;
  };
  const Item& item(int64_t index) const { return items_.at(static_cast<size_t>(index)); }

  std::unique_ptr<Source> source_;
  std::vector<Item> items_;  // in the source's order
};

}  // namespace manyfold::data
