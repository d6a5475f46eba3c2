#pragma once

#include <torch/nn/module.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"

namespace manyfold::graph {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;
/// What is traced: the module's computation on tensors in the order of the inputs, its results by
/// name.
using Forward = std::function<NamedTensors(const Tensors& inputs)>;

/// Which mode the module is in while it is traced; it is back in its own afterwards.
enum class Mode { as_is, train, eval };

/// Records `forward` as a graph over the parameters and buffers of `module`.
///
/// Every input of `inputs` (its name, an example of at least one row) has the batch as its first
/// axis, unless it is a scalar. The tracer bakes sizes in, so `forward` runs with two rows and with
/// three: what differs is the batch. A list of sizes that holds it (of a view, of zeros) keeps it
/// as a multiple of the batch, so that the graph runs for any; a batch-sized number anywhere else
/// cannot be told from a constant, and is refused. At last the graph is run and must give what the
/// module gave, bit for bit on the CPU.
///
/// The mode is part of what is recorded: a graph traced in training goes on training whatever
/// train() the module is given later. Trace once for each mode.
///
/// Nothing else is changed: buffers, modes and the CPU's default random generator are restored
/// (those of other devices are not). Gradients are not recorded meanwhile. Operations on a copy in
/// place become plain ones; buffers are still updated in place.
///
/// A node's scope is the module whose parameters or buffers it reads; a node that reads none takes
/// what the scopes before it have in common, or, with nothing before it, those after it.
///
/// Throws UserError naming the operator and its scope for a number that varies with the batch, a
/// computation that differs between batches, a write in place into memory that is read under
/// another name, and an operator that is not LibTorch's own.
Graph trace(torch::nn::Module& module, const Forward& forward, const NamedTensors& inputs,
            Mode mode = Mode::as_is);

}  // namespace manyfold::graph
