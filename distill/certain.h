#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "data/augment/affine.h"
#include "data/label.h"

namespace manyfold::distill {

/// What of a prediction is certain enough to be learnt as a label. Nothing, where too little is:
/// the picture is then not labelled, which is not the same as labelled with nothing.

/// scores: float [C] in [0, 1], of one picture. The best class, where its score reaches
/// `threshold`.
std::optional<data::ClassIndex> certain_class(const at::Tensor& scores, double threshold);

struct MaskRule {
  double threshold = 0.9;  // a pixel whose best class scores less is ignored
  double share = 0.5;      // of the picture's pixels that must be certain
};

struct CertainMask {
  data::Mask mask;
  double score;  // mean of the certain pixels
};

/// scores: float [C, h, w] in [0, 1], a map (of any size) of the network's picture, to which
/// `geometry` leads from the picture. The mask is as large as the `picture`; its outlines follow
/// the scores, interpolated linearly.
std::optional<CertainMask> certain_mask(const at::Tensor& scores, const data::Geometry& geometry,
                                        cv::Size picture, const MaskRule& rule);

struct ObjectRule {
  double threshold = 0.6;  // of the view that is surest of the object
  double lowest = 0.2;     // what scores less is taken for background
  double iou = 0.5;        // from which boxes of two views are the same object
  double drift = 0.1;      // of a key point between views and their mean, in sizes of the box
  bool absent = false;     // a picture where nothing reaches `lowest` is labelled with no objects
};

/// views: one picture's objects, in its pixels, as each view of it (mirrored or not, by this model
/// or that) shows them. An object is certain when one view finds it with `threshold` and every
/// other view with half of that: its box, key points and score are the means. A key point is
/// visible if it is in all views, no farther than `drift` from their mean: on objects that a model
/// has never seen key points of, they are anywhere, and elsewhere in the mirror. Everything else
/// from `lowest` on becomes an ignore region, unless it overlaps something better by `iou`. Without
/// any certain object there is no label, but for `absent`.
std::optional<data::Objects> certain_objects(const std::vector<std::vector<data::Object>>& views,
                                             const ObjectRule& rule);

/// Predicted objects as annotations have them: boxes are cut at the picture's border, and what is
/// left of less than a pixel's width or height is dropped; key points outside are not visible.
std::vector<data::Object> inside(const std::vector<data::Object>& objects, cv::Size picture);

}  // namespace manyfold::distill
