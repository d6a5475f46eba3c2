#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "losses/detector_labels.h"
#include "losses/detector_options.h"

namespace manyfold::losses {

/// The loss of a single-shot detector, in terms that are already weighted and have only to be
/// added: `centre` and `size`, or with `size_term: ciou` in the place of both `box`; `object`,
/// `background` and, with K > 0, `landmarks`. Each is a sum over the labelled pictures' objects or
/// over all places and classes, divided by the number of labelled pictures; all are 0, with a zero
/// gradient, when there is none.
///
/// `detector_assign` says which place learns which object. The place's confidence of the object's
/// class learns that it is there; its other confidences learn background like any other. Objects
/// without a visible key point train the box alone; key points are averaged over the visible ones
/// of an object. Not background of a class: places of its objects, places whose box overlaps an
/// object of the class by more than `ignore_iou`, cells whose middle lies in an ignored region. The
/// confidences of a class that a picture is not labelled for have no gradient from it.
///   raw  one [N, A * D, Sh, Sw] for each stride, see `DetectorOptions`
std::map<std::string, at::Tensor> detector_loss(const std::vector<at::Tensor>& raw,
                                                const DetectorLabels& labels,
                                                const DetectorOptions& options);

}  // namespace manyfold::losses
