#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace manyfold::quantise {

/// Channels of an output that mean one thing: "box": {0, 1, 2, 3, 5, ...}.
using ChannelParts = std::map<std::string, std::vector<int64_t>>;

/// Computes an output of the graph, the result of a convolution, in parts: one convolution for each
/// part, with the rows of the weight and bias that belong to it, put together again in the old
/// order. The values are the same; each part can then have a scale of its own. Every channel
/// belongs to one part.
///
/// Returns the names of the nodes that put the parts together; none, and the graph as it was, when
/// the output is not the result of a plain convolution that is read by nobody else.
std::vector<std::string> split_channels(graph::Graph& graph, const std::string& output,
                                        const ChannelParts& parts);

}  // namespace manyfold::quantise
