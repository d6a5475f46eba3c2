#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "graph/graph.h"

namespace manyfold::graph {

using TensorMap = std::unordered_map<std::string, at::Tensor>;

/// Runs a graph through LibTorch's operators, with autograd when gradients are enabled: results,
/// gradients and updates of buffers are the module's own to the last bit, at every batch size.
///
/// Only what the wanted values need is run: a head that nobody asks for costs nothing, gets no
/// gradient and keeps its BatchNorm statistics. Intermediate results are let go at their last use.
/// May be shared by threads as far as the graph updates no buffers.
class Replay {
 public:
  /// Keeps a copy of the graph, which shares the parameters and buffers: later edits of `graph` are
  /// not seen, later training is.
  explicit Replay(const Graph& graph);
  ~Replay();
  Replay(Replay&&) noexcept;
  Replay& operator=(Replay&&) noexcept;

  /// `feeds`: tensors by the name of an input, or of any value between: it is then not computed.
  /// `wanted`: names of outputs or of any value; all outputs when empty.
  /// Returns the wanted tensors in that order.
  /// Throws c10::Error for an unknown name, an input that is needed and not fed, and feeds whose
  /// batch sizes disagree.
  Tensors run(const TensorMap& feeds, const std::vector<std::string>& wanted = {}) const;

  const Graph& graph() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace manyfold::graph
