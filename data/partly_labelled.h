#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/source.h"

namespace manyfold::data {

/// A part of a source, of whose labels only a share counts: those of round(share * size) samples,
/// with their labels, or the others, without. Which ones follows from the number of samples alone,
/// whatever a job's seed is, and a smaller share lies within a larger one. The unlabelled part is
/// called "<source>, unlabelled"; its samples come from "<source>" all the same.
class PartlyLabelled : public Source {
 public:
  enum class Part { labelled, unlabelled };

  /// `share`: in [0, 1]. The part may be empty.
  PartlyLabelled(std::shared_ptr<const Source> source, double share, Part part);

  int64_t size() const override { return static_cast<int64_t>(items_.size()); }
  Sample get(int64_t index, int64_t detail = 0) const override;
  std::string sample_name(int64_t index) const override;
  std::vector<std::filesystem::path> files(int64_t index) const override;

 private:
  std::shared_ptr<const Source> source_;
  Part part_;
  std::vector<int64_t> items_;  // the source's, in its order
};

}  // namespace manyfold::data
