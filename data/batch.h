#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "data/sample.h"

namespace manyfold::data {

/// The labels of one task in a batch of N samples with T frames each. Which tensors are defined
/// depends on the label's kind; rows of samples without this label hold the ignore values.
struct Labels {
  at::Tensor present;  // bool [N]: the sample carries this label
  at::Tensor mask;     // uint8 [N, T, H, W]: class index, 255 = ignore             (Mask)
  at::Tensor index;    // int64 [N], -1 = ignore                                    (ClassIndex)
  at::Tensor count;    // int64 [N, T]: objects of each frame                       (Objects)
  at::Tensor box;      // float [N, T, F, 4]: x1 y1 x2 y2, in [0, 1] of the picture (Objects)
  at::Tensor object_class;  // int64 [N, T, F]; -1 = ignore region                     (Objects)
  at::Tensor landmarks;     // float [N, T, F, K, 2], in [0, 1] of the picture; 0 where not visible
  at::Tensor visible;       // bool [N, T, F, K]: the key point is labelled
};

/// What the loader hands to an objective.
struct Batch {
  at::Tensor pictures;  // uint8 [N, T, 3, H, W], RGB, channels-last in memory
  at::Tensor crops;     // uint8 [N, L, 3, h, w], the same; undefined where samples have none
  std::map<std::string, Labels>
      labels;                   // every task of the model, also those nobody here is labelled for
  std::vector<Origin> origins;  // N
  int64_t step = 0;             // which batch of the endless sequence this is

  int64_t size() const { return static_cast<int64_t>(origins.size()); }
};

}  // namespace manyfold::data
