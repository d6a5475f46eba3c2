#pragma once

#include "graph/graph.h"
#include "quantise/plan.h"

namespace manyfold::quantise {

/// Cross-layer equalisation (Nagel et al., arXiv:1906.04721): where a convolution feeds, through a
/// ReLU or nothing, one other convolution alone, the ranges r1 of its output channels and r2 of the
/// other's input channels become equal:
///   s = sqrt(r1 r2) / r2;  w1, b1 row / s;  w2 column * s
/// which changes nothing in float. Chains are gone through until the ranges stand still, at most 20
/// times. Of a convolution with folded BatchNorm gamma and beta are scaled. Works on the parameters
/// in place. Returns how many pairs there were.
int equalise(graph::Graph& graph, const Plan& plan);

}  // namespace manyfold::quantise
