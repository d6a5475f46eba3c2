#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "data/sample.h"

namespace manyfold::data {

/// The labels of one task in a batch of N samples with T frames each, by row: frame t of sample n
/// is row n T + t of R = N T, as it is of what a head returns. Which tensors are defined depends on
/// the label's kind; rows without this label hold the ignore values.
struct Labels {
  at::Tensor present;  // bool [R]: the frame carries this label
  at::Tensor mask;     // uint8 [R, H, W]: class index, 255 = ignore             (Mask)
  at::Tensor index;    // int64 [R], -1 = ignore                                 (ClassIndex)
  at::Tensor count;    // int64 [R]: objects of each frame                       (Objects)
  at::Tensor box;      // float [R, F, 4]: x1 y1 x2 y2, in [0, 1] of the picture (Objects)
  /// int64 [R, F]; an ignore region of class c is -2 - c, one of no class -1             (Objects)
  at::Tensor object_class;
  at::Tensor landmarks;  // float [R, F, K, 2], in [0, 1] of the picture; 0 where not visible
  at::Tensor visible;    // bool [R, F, K]: the key point is labelled
  at::Tensor labelled;   // bool [R, C]: whether class c was looked for            (Objects)
};

/// What the loader hands to an objective.
struct Batch {
  at::Tensor pictures;  // uint8 [N, T, 3, H, W], RGB, channels-last in memory
  at::Tensor crops;     // uint8 [N, L, 3, h, w], the same; undefined where samples have none
  /// float [R, H, W, 2]: x, y pixels from each pixel to its place in the frame before, NaN where
  /// that is not known, as in a clip's first frame. Undefined unless asked for.
  at::Tensor motion;
  std::map<std::string, Labels>
      labels;                   // every task of the model, also those nobody here is labelled for
  std::vector<Origin> origins;  // N
  int64_t step = 0;             // which batch of the endless sequence this is
  /// The samples go on where those of the last batch of clips ended: what a model remembers of them
  /// holds.
  bool continues = false;

  /// N.
  int64_t size() const { return static_cast<int64_t>(origins.size()); }
  /// T.
  int64_t frames() const { return pictures.size(1); }
  /// R = N T.
  int64_t rows() const { return size() * frames(); }
};

}  // namespace manyfold::data
