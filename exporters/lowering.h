#pragma once

#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "exporters/onnx_builder.h"
#include "graph/graph.h"

namespace manyfold::exporters {

/// One node of the graph on its way to ONNX: its arguments as ONNX operands, and the means to write
/// nodes. Arguments are named as LibTorch's schemas name them.
class Lowering {
 public:
  using Written = std::unordered_map<const graph::Value*, std::string>;

  Lowering(const graph::Node& node, OnnxBuilder& builder, Written& written)
      : node(node), builder_(builder), written_(written) {}

  const graph::Node& node;
  int opset() const { return builder_.opset(); }
  const graph::Shape& shape_of(const char* argument) const { return node.tensor(argument)->shape; }
  /// An axis argument, counted from 0. `rank` of the tensor it refers to.
  int64_t axis(const char* argument, size_t rank) const;
  /// The type of the result.
  c10::ScalarType type() const { return node.output()->dtype; }
  /// A constant tensor argument; null when absent or computed.
  const at::Tensor* stored(const char* argument) const;

  /// The ONNX name of a value.
  std::string operand(const graph::Value* value);
  std::string input(const char* argument) { return operand(node.tensor(argument)); }
  /// The same, cast to `type` if need be; a number becomes a constant of that type.
  std::string input(const char* argument, c10::ScalarType type);

  /// Writes a node in this node's scope; returns the name of its (first) result.
  std::string emit(const std::string& op, const Names& inputs, const Attributes& attributes = {});
  Names emit(const std::string& op, const Names& inputs, const Attributes& attributes,
             size_t outputs);
  std::string cast(const std::string& x, c10::ScalarType type);
  std::string constant(const std::string& what, const at::Tensor& tensor);
  std::string number(double value, c10::ScalarType type);
  /// int64 [n].
  std::string integers(const std::string& what, const std::vector<int64_t>& values);
  /// A shape as an operand, int64 [rank]; computed from the batch where it varies.
  std::string sizes(const graph::Shape& shape);
  std::string reshape(const std::string& x, const graph::Shape& from, const graph::Shape& to);
  std::string transpose(const std::string& x, const std::vector<int64_t>& order);

  /// Stops the export: this node, because of `reason`.
  [[noreturn]] void refuse(const std::string& reason) const;
  void need_opset(int least) const;

 private:
  OnnxBuilder& builder_;
  Written& written_;
};

/// Writes one node; returns the ONNX names of its results.
using Lower = Names (*)(Lowering&);

/// Every operator that can be exported.
const std::map<std::string, Lower>& lowerings();

/// Writes the nodes of a graph that was prepared for export. `written` holds its inputs, and then
/// every value. Throws UserError for an operator without a lowering.
void lower(const graph::Graph& graph, OnnxBuilder& builder, Lowering::Written& written);

/// The ONNX number of an element type, as Cast wants it.
int onnx_element_type(c10::ScalarType type);

}  // namespace manyfold::exporters
