#pragma once

#include <cstdint>
#include <vector>

#include "common/config/fields.h"

namespace manyfold::losses {

/// What the outputs of a single-shot landmark detector mean, and how they are learnt: the keys
/// under a faces task's `ssld`.
///
/// The head's output [N, A * D, Sh, Sw], D = 5 + 2 K, holds for each anchor (w, h) and grid cell
/// (column i, row j) the numbers tx ty tw th to, then u v for each of K key points:
///   centre      ((sigmoid(tx) + i) / Sw, (sigmoid(ty) + j) / Sh), in [0, 1] of the picture
///   size        (w e^tw, h e^th)
///   confidence  sigmoid(to)
///   key point   box: centre + (u, v) * size;  cell: ((i + u) / Sw, (j + v) / Sh);
///               anchor: (i / Sw + u w, j / Sh + v h)
/// (YOLOv2, arXiv 1612.08242, without classes and with key points.)
struct SsldOptions {
  enum class Points { box, cell, anchor };
  enum class SizeTerm { log, sqrt };
  enum class Target { iou, one };
  enum class Confidence { cross_entropy, squared };
  enum class PointTerm { smooth_l1, squared };

  int64_t landmarks = 68;
  /// w h of each anchor, as fractions of the picture: w0 h0 w1 h1 ...
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
  double object_weight = 1;
  double background_weight = 1;
  double landmark_weight = 18;
  double ignore_iou = 0.6;

  int64_t anchor_count() const { return static_cast<int64_t>(anchors.size() / 2); }
  /// D: numbers for each anchor and cell.
  int64_t depth() const { return 5 + 2 * landmarks; }
  void fields(config::Fields& f);
};

}  // namespace manyfold::losses
