#pragma once

#include "data/sources/source.h"

namespace manyfold::data {

/// A source of clips, which says what a part of one is; the whole follows.
class ClipSource : public Source {
 public:
  using Source::Source;

  bool clips() const override { return true; }
  int64_t length(int64_t index) const override = 0;
  Sample part(int64_t index, const FrameRange& range, int64_t detail = 0) const override = 0;
  Sample get(int64_t index, int64_t detail = 0) const override {
    return part(index, {0, length(index)}, detail);
  }
};

}  // namespace manyfold::data
