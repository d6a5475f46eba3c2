#pragma once

#include <vector>

#include "graph/graph.h"
#include "graph/replay.h"
#include "quantise/insert.h"
#include "quantise/plan.h"

namespace manyfold::quantise {

/// Takes what rounding a layer's weights adds to its output on average out of its bias (Nagel et
/// al., arXiv:1906.04721):  b -= E[(W_q - W) x], with E[x] of each input channel over the batches.
/// Of a layer with folded BatchNorm beta changes. Works on the parameters in place; a layer without
/// a bias of either kind is left as it is.
void correct_biases(const graph::Graph& graph, const Plan& plan, const Quantisers& quantisers,
                    const std::vector<graph::TensorMap>& batches);

/// (W_q - W) E[x] summed over kernel and input channels: float [out]. `mean_input`: [in].
/// `groups` as of the convolution.
at::Tensor expected_error(const at::Tensor& weight, const at::Tensor& quantised,
                          const at::Tensor& mean_input, int64_t groups);

}  // namespace manyfold::quantise
