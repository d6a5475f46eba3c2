#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/config/fields.h"

namespace manyfold::losses {

/// What the outputs of a single-shot detector mean, and how they are learnt: the keys under a
/// task's `detector`.
///
/// The head has one output for each stride, [N, A * D, Sh, Sw], D = 4 + C + 2 K, which holds for
/// each of the stride's A anchors (w, h) and each grid cell (column i, row j) the numbers tx ty tw
/// th, then a confidence t of each of C classes, then u v of each of K key points:
///   centre      ((sigmoid(tx) + i) / Sw, (sigmoid(ty) + j) / Sh), in [0, 1] of the picture
///   size        (w e^tw, h e^th)
///   confidence  sigmoid(t), of every class by itself: that an object of the class is here
///   key point   box: centre + (u, v) * size;  cell: ((i + u) / Sw, (j + v) / Sh);
///               anchor: (i / Sw + u w, j / Sh + v h)
/// One class on one grid is YOLOv2 (arXiv:1612.08242) without classes and with key points: SSLD.
/// Several grids share the anchors as in YOLOv3 (arXiv:1804.02767). There is no confidence of
/// "any object" beside the classes, so a class that a picture is not labelled for is left out of
/// the loss and nothing else changes.
struct DetectorOptions {
  enum class Points { box, cell, anchor };
  enum class SizeTerm { log, sqrt, ciou };
  enum class Target { iou, one };
  enum class Confidence { cross_entropy, squared };
  enum class PointTerm { smooth_l1, squared };

  /// C. The task knows; no key of a config.
  int64_t classes = 1;
  /// K. The task knows.
  int64_t landmarks = 68;
  /// Pixels of a cell, of each grid.
  std::vector<int64_t> strides = {8};
  /// w h of each anchor, as fractions of the picture: w0 h0 w1 h1 ...; of the first stride first,
  /// equally many for each. These are k-means with 1 - IoU over 1,496 portraits and 2,264 faces in
  /// groups, each set counting alike, letterboxed: mean best IoU 0.69.
  std::vector<double> anchors = {0.037, 0.041, 0.095, 0.104, 0.371, 0.363};
  Points points = Points::box;
  SizeTerm size_term = SizeTerm::log;
  Target target = Target::iou;
  Confidence confidence = Confidence::cross_entropy;
  PointTerm point_term = PointTerm::smooth_l1;
  double point_beta = 0.05;  // where smooth_l1 turns from squared to linear
  double centre_weight = 5;  // squared error of the centre, in cells
  double size_weight =
      1;  // log: squared error of tw, th. sqrt: of the roots, in the picture's units
  double box_weight = 5;  // ciou: 1 - CIoU, in the place of both
  double object_weight = 1;
  double background_weight = 1;
  double landmark_weight = 18;
  double ignore_iou = 0.6;

  /// Of all strides together.
  int64_t anchor_count() const { return static_cast<int64_t>(anchors.size() / 2); }
  /// A, the same for every stride.
  int64_t anchors_per_level() const {
    return anchor_count() / static_cast<int64_t>(strides.size());
  }
  /// w h of each anchor of strides[level].
  std::vector<double> anchors_of(size_t level) const;
  /// D: numbers for each anchor and cell.
  int64_t depth() const { return 4 + classes + 2 * landmarks; }
  void fields(config::Fields& f);
};

}  // namespace manyfold::losses
