#pragma once

#include <torch/nn/module.h>

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "graph/replay.h"
#include "quantise/insert.h"
#include "quantise/memory.h"
#include "quantise/options.h"
#include "quantise/plan.h"
#include "quantise/split_channels.h"

namespace manyfold::quantise {

/// What the quantiser cannot know from the graph.
struct ModelFacts {
  /// By output: channels that need scales of their own.
  std::map<std::string, ChannelParts> parts;
  /// What is remembered stays in float; see `keep_memory_apart`.
  std::vector<StateFacts> states;
};

/// A model in the arithmetic of an int8 device: its graph with fake quantisation on every edge that
/// the device quantises. Post-training quantisation and quantisation-aware training share it: the
/// second trains the graph, the first does not; both export it.
///
/// The quantisers become a child of the model, "quantisers", so that checkpoints, weight averages
/// and optimisers hold their state like any other. They begin in float (Mode::off), with empty
/// ranges: `calibrate`, or load a state that has ranges.
class QuantisedModel {
 public:
  static constexpr const char* kChild = "quantisers";

  /// `graph`: the model traced in evaluation. BatchNorm is folded and re-parameterised branches are
  /// fused; parameters stay the model's own.
  /// Throws ConfigError for options that contradict each other or name no layer, and UserError for
  /// an operation between quantised layers that has no integer form, naming it and the way out.
  QuantisedModel(torch::nn::Module& model, const graph::Graph& graph, const ModelFacts& facts,
                 const QuantiseOptions& options, bool learned_steps = false);

  /// What is trained and judged.
  const graph::Graph& graph() const { return graph_; }
  /// The same without quantisers.
  const graph::Graph& float_graph() const { return base_; }
  /// A graph of the same model traced in training, with the same quantisers: BatchNorm goes on
  /// normalising by the batch, and the quantisers see the folded weights (PyTorch's scheme).
  /// Throws UserError when the model has re-parameterised branches, which training keeps apart.
  graph::Graph live_graph(const graph::Graph& traced_in_training) const;
  const Plan& plan() const { return plan_; }
  const Quantisers& quantisers() const { return quantisers_; }
  void set_mode(Mode mode) { quantisers_.set_mode(mode); }

  /// Finds the ranges, on inputs of the graph, a batch each (the pictures: uint8 [N, 3, H, W]; of a
  /// model with memory the states before them, too), and turns quantisation on. What
  /// layers read of a state has a range that holds its bound, whatever is calibrated on. Equalises
  /// layers before and corrects biases after, if so asked: both change the model's parameters.
  /// Throws UserError naming what is wrong, where, and the way out: fewer than 16 pictures,
  /// pictures of one colour, a tensor that is not finite, a layer that never fires.
  void calibrate(const std::vector<graph::TensorMap>& batches);

  /// The model as constants: float, and with encodings to be written.
  graph::Graph frozen() const;
  graph::Graph encoded() const;
  /// `encoded` in the arithmetic of integer kernels (see `use_integer_arithmetic`): what the
  /// device gives, but for single roundings of sums. For judging; not differentiable.
  graph::Graph integer() const;

 private:
  void make_quantisers(torch::nn::Module& model, bool learned_steps);
  void observe(const std::vector<graph::TensorMap>& batches, Mode mode);
  void check_ranges() const;
  void set_ranges();
  void fit_weights();

  std::vector<std::string> split(graph::Graph& graph) const;

  QuantiseOptions options_;
  ModelFacts facts_;
  graph::Graph base_, graph_;
  Plan plan_;
  Quantisers quantisers_;
};

}  // namespace manyfold::quantise
