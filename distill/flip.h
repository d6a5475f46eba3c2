#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "data/label.h"

namespace manyfold::distill {

/// What a model says of a mirrored picture, turned back into what it says of the picture itself.

/// Scores of classes, float [N, C], or of pixels, float [N, C, H, W]: classes that swap in a mirror
/// are swapped back, maps are mirrored back.
at::Tensor unmirror_scores(const at::Tensor& scores, const data::LabelSpec& spec);

/// Objects of a mirrored picture that is `width` pixels wide: boxes and key points are mirrored
/// back; classes and key points that swap in a mirror are swapped back.
std::vector<data::Object> unmirror_objects(std::vector<data::Object> objects,
                                           const data::LabelSpec& spec, float width);

}  // namespace manyfold::distill
