#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "losses/detector_options.h"

namespace manyfold::losses {

/// What several teachers say together of scores: logits whose softmax at `temperature` is the
/// weighted mean of the teachers' softmax at that temperature (of sigmoids, when C = 1). Means of
/// logits would give the word to whoever shouts.
///
///   answers  [N, C, ...] logits, all of one shape
///   weights  one positive number for each
///   by_confidence  weigh each teacher, for each row and pixel, by its largest probability too
///
/// Returns T log(mean p), or T logit(mean p) when C = 1, of the answers' shape.
at::Tensor blend_scores(const std::vector<at::Tensor>& answers, const std::vector<double>& weights,
                        double temperature, bool by_confidence);

/// The same for the raw outputs of single-shot detectors, of each one [N, A * D, Sh, Sw] a stride:
/// the logit of the weighted mean confidence of each class, and boxes and key points weighted by
/// weight * confidence of the class that the teacher is most confident of.
std::vector<at::Tensor> blend_objects(const std::vector<std::vector<at::Tensor>>& answers,
                                      const std::vector<double>& weights,
                                      const DetectorOptions& options);

}  // namespace manyfold::losses
