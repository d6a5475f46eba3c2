#pragma once

#include <map>
#include <optional>
#include <string>

#include "graph/graph.h"

namespace manyfold::exporters {

/// What may be chosen about an ONNX file.
struct OnnxOptions {
  /// 11 to 17. 13 is what most converters of devices read.
  int opset = 13;
  /// The batch size; none leaves it free (the axis is called "N").
  std::optional<int64_t> batch;
  std::string name = "manyfold";
  /// Written as the model's metadata_props.
  std::map<std::string, std::string> metadata;
};

/// The graph as a serialised ONNX model (ir_version 8). Inputs and outputs keep their names; nodes
/// are called after the module they come from ("encoder.stride4.0.conv/Conv"). Parameters are
/// frozen, BatchNorm is folded, constants are computed. Inputs keep their element types: a uint8
/// picture is cast inside. Equal graphs and options give equal bytes. The result has passed ONNX's
/// checker and its strict shape inference.
///
/// The graph itself is left as it is; it must have been traced in evaluation.
///
/// `tensors`, when given, becomes the name of the ONNX tensor of every value of the graph, stored
/// ones included, by the value's name. A value that the file does not hold (a BatchNorm's
/// statistics, a weight that is written transposed) is not in it.
///
/// Throws UserError naming the operator, and the node it was first used in, for an operator without
/// a lowering, one that the opset cannot express, and a module in training mode.
std::string write_onnx(const graph::Graph& graph, const OnnxOptions& options = {},
                       std::map<std::string, std::string>* tensors = nullptr);

/// Runs ONNX's checker and strict shape inference. Throws UserError with their words.
void check_onnx(const std::string& model);

}  // namespace manyfold::exporters
