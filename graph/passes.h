#pragma once

#include "graph/graph.h"

namespace manyfold::graph {

/// Drops nodes that no output needs. An update of a buffer stays with the node it accompanies.
void remove_dead_code(Graph& graph);

/// Turns parameters and buffers into constants, copied, so that later training leaves this graph as
/// it is. Only for graphs traced in evaluation.
/// Throws UserError for a node in training mode (BatchNorm, dropout), naming its module.
void freeze(Graph& graph);

/// Runs, once and for all, every node whose inputs are all constants; fake quantisation stays, for
/// the exporters to write as such. What a layer alone reads as its weight or bias is then named as
/// the module's own ("stem.conv.weight"), if nothing else has that name.
void fold_constants(Graph& graph);

/// Folds BatchNorm in evaluation into the convolution, transposed convolution or linear layer
/// before it: w' = w * g / sqrt(v + eps), b' = beta + (b - mu) * g / sqrt(v + eps), computed in
/// double by two nodes before the layer, in its scope: "manyfold::folded_weight" and
/// "manyfold::folded_bias". Gradients reach w, b, g and beta; the running statistics are constants.
/// Of a frozen graph, `fold_constants` then computes them.
///
/// A BatchNorm whose input has other readers stays, and so do one after a linear layer over more
/// than two axes, which normalises axis 1 and not the layer's channels, and one after a layer whose
/// weight is quantised or depends on the graph's inputs.
void fold_batch_norm(Graph& graph);

/// Makes one convolution of the branches of a re-parameterised block (RepVGG, arXiv 2101.03697;
/// MobileOne, arXiv 2206.04040): a sum of two convolutions of one input, with equal strides and
/// groups, dilation 1, odd kernels and a padding of half the kernel. The smaller kernel is padded
/// with zeros; kernels and biases are summed by nodes before it, so gradients reach each branch's
/// parameters. A BatchNorm in evaluation that reads the same input counts as a convolution by the
/// identity; the input itself does not: a residual stays. Sums of more branches fuse step by step.
/// Call it after `fold_batch_norm`.
void fuse_branches(Graph& graph);

/// Lets the layers of a graph in training work on the weight that is deployed, while BatchNorm goes
/// on normalising by the batch: w * f stands in the place of w ("manyfold::scaled_weight"), and the
/// result is divided by f before the bias is added ("manyfold::unscaled"). f = g / sqrt(running_var
/// + eps) per channel, a constant to autograd and kept at least 1e-3 from 0. Results, gradients and
/// statistics stay the same up to rounding. Which layers: as for `fold_batch_norm`.
void scale_by_batch_norm(Graph& graph);

/// Replaces a pixel unshuffle, all of whose readers are plain convolutions, by a space-to-depth in
/// ONNX's channel order ("manyfold::space_to_depth"), and permutes the input channels of the
/// convolutions' weights by nodes, which `fold_constants` computes of a frozen graph. Stays where a
/// weight is quantised already or depends on the graph's inputs.
void fold_pixel_unshuffle(Graph& graph);

/// Writes an operand that is filled with one number, beside a tensor of its shape, as the number:
/// `1 - y` is recorded as an empty tensor like y, filled with 1, minus y.
void simplify_fills(Graph& graph);

}  // namespace manyfold::graph
