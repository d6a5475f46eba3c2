#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "losses/ssld_options.h"

namespace manyfold::losses {

/// Objects of N pictures, padded to F. Coordinates in [0, 1] of the picture.
struct SsldLabels {
  at::Tensor present;       // bool [N]: the picture's objects are labelled
  at::Tensor count;         // int64 [N]: how many; those after it are padding
  at::Tensor box;           // float [N, F, 4], x1 y1 x2 y2
  at::Tensor object_class;  // int64 [N, F]; -1 = ignored region: neither object nor background
  at::Tensor landmarks;     // float [N, F, K, 2]; anything (NaN too) where not visible
  at::Tensor visible;       // bool [N, F, K]
};

/// The loss of a single-shot landmark detector, in terms that are already weighted and have only to
/// be added: `centre`, `size`, `object`, `background` and, with K > 0, `landmarks`. Each is a sum
/// over the labelled pictures' objects or cells, divided by the number of labelled pictures; all
/// are 0, with a zero gradient, when there is none.
///
/// A face belongs to the cell of its centre and the anchor of the most similar shape; of two faces
/// on one place the larger one is learnt. Faces without a visible key point train the box alone;
/// key points are averaged over the visible ones of a face. Faces whose centre lies outside the
/// picture are not learnt. Not background: places of faces, places whose box overlaps a face by
/// more than `ignore_iou`, cells whose middle lies in an ignored region.
///   raw  [N, A * D, Sh, Sw], see `SsldOptions`
std::map<std::string, at::Tensor> ssld_loss(const at::Tensor& raw, const SsldLabels& labels,
                                            const SsldOptions& options);

/// Which place learns which face. M faces, sorted by place; int64 [M] each.
struct SsldPlaces {
  at::Tensor picture, face, anchor, row, column;
};
SsldPlaces ssld_assign(const SsldLabels& labels, const SsldOptions& options, int64_t rows,
                       int64_t columns);

}  // namespace manyfold::losses
