#pragma once

#include <memory>

#include "data/sources/subset.h"

namespace manyfold::data {

/// A part of a source, of whose labels only a share counts: those of round(share * size) samples,
/// with their labels, or the others, without. Which ones follows from the number of samples alone,
/// whatever a job's seed is, and a smaller share lies within a larger one. The unlabelled part is
/// called "<source>, unlabelled"; its samples come from "<source>" all the same.
class PartlyLabelled : public Subset {
 public:
  enum class Part { labelled, unlabelled };

  /// `share`: in [0, 1]. The part may be empty.
  PartlyLabelled(const std::shared_ptr<const Source>& source, double share, Part part);

  Sample get(int64_t index, int64_t detail = 0) const override;
  Sample part(int64_t index, const FrameRange& range, int64_t detail = 0) const override;

 private:
  Part part_;
};

}  // namespace manyfold::data
