#pragma once

#include "graph/graph.h"

namespace manyfold::graph {

/// x -> float(half(x)): what is left of a float tensor that is stored in half precision. Ties go to
/// even, |x| >= 65520 becomes infinite, |x| <= 2^-25 becomes 0, a NaN stays one. The result has the
/// type and, where x is dense, the strides of x. The gradient passes straight through and is
/// rounded alike.
at::Tensor round_half(const at::Tensor& x);

/// The name of the node that does so.
constexpr char kRoundHalf[] = "manyfold::round_half";

/// Makes a graph compute as a device does that stores every number in half precision: each float
/// result is rounded, and so is each weight or float input where a node reads it. Nodes go on
/// computing in float.
///
/// What is no computation of the device is left alone: weights that are made of weights (a folded
/// BatchNorm) are rounded once, at the end; statistics that BatchNorm updates stay the module's.
/// Works on graphs traced in training and in evaluation. Fold BatchNorm first in evaluation.
void round_to_half(Graph& graph);

}  // namespace manyfold::graph
