#pragma once

#include <map>
#include <memory>
#include <string>

#include "graph/graph.h"
#include "quantise/options.h"
#include "quantise/plan.h"
#include "quantise/quantisers.h"

namespace manyfold::quantise {

/// The quantisers of a graph: of activations by the tensor that owns the scale, of weights by the
/// layer's node.
struct Quantisers {
  std::map<std::string, std::shared_ptr<ActivationQuantiser>> activations;
  std::map<std::string, std::shared_ptr<WeightQuantiser>> weights;

  const ActivationQuantiser& of(const TensorPlan& tensor) const {
    return *activations.at(tensor.owner);
  }
  void set_mode(Mode mode) const;
};

/// Puts every quantiser where the plan wants it. Replayed, the graph trains its parameters through
/// them. Values that only move quantised ones are not rounded again; a ReLU is computed by the
/// quantiser behind it.
void insert_quantisers(graph::Graph& graph, const Plan& plan, const Quantisers& quantisers);

/// The same as constants, to be written: every quantised tensor passes
/// aten::fake_quantize_per_tensor_affine, every weight aten::fake_quantize_per_channel_affine (or
/// per tensor), every bias manyfold::quantise_bias. Of a frozen graph with folded constants.
void insert_encodings(graph::Graph& graph, const Plan& plan, const Quantisers& quantisers,
                      const QuantiseOptions& options);

/// The scales of a layer's weight as they are written, float [channels] or [1]: the quantiser's,
/// raised where the bias, in steps of `input_scale` times it, would not fit 32 bits (a channel
/// whose weights are all but 0). `layer` is of a frozen graph with folded constants.
at::Tensor exported_scale(const graph::Node& layer, const WeightQuantiser& quantiser,
                          double input_scale);

/// "manyfold::quantise_bias"(bias, scale) = clamp(round(bias / scale)) scale, in 32 bits.
graph::Operator quantise_bias();

}  // namespace manyfold::quantise
