#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "graph/graph.h"

namespace manyfold::exporters {

using Names = std::vector<std::string>;
using Attribute =
    std::pair<std::string, std::variant<int64_t, double, std::string, std::vector<int64_t>>>;
using Attributes = std::vector<Attribute>;

/// Writes one ONNX model, node by node. Hides ONNX's protobuf classes from the code that decides
/// what is written.
class OnnxBuilder {
 public:
  explicit OnnxBuilder(int opset);
  ~OnnxBuilder();

  int opset() const { return opset_; }

  /// An axis that is the batch is free, and named "N".
  void input(const std::string& name, const graph::Shape& shape, c10::ScalarType type);
  /// `rows`, when given, names a free axis before those of `shape`.
  void output(const std::string& name, const graph::Shape& shape, c10::ScalarType type,
              const std::string& rows = "");
  /// What is known of a tensor between nodes, for those who read the file.
  void describe(const std::string& name, const graph::Shape& shape, c10::ScalarType type);

  /// Adds a node called "scope/op" (made unique) and returns the names of its outputs.
  Names node(const std::string& op, const std::string& scope, const Names& inputs,
             const Attributes& attributes, size_t outputs = 1);
  /// Adds a constant tensor and returns its name, made unique.
  std::string initializer(const std::string& name, const at::Tensor& tensor);
  /// The batch size as int64 [1], read from an input when the program runs.
  std::string batch();

  bool is_node_output(const std::string& name) const;
  /// Gives a tensor another name wherever it stands.
  void rename(const std::string& from, const std::string& to);
  /// Keeps `name` from being given to something else.
  void reserve(const std::string& name) { taken_[name] = 1; }

  /// The serialised ModelProto. The same calls give the same bytes.
  std::string finish(const std::string& graph_name,
                     const std::map<std::string, std::string>& metadata);

 private:
  struct Proto;
  std::string unique(const std::string& wish);

  int opset_;
  std::unique_ptr<Proto> proto_;
  std::map<std::string, int> taken_;
  std::optional<std::pair<std::string, graph::Size>> batched_input_;
  std::string batch_operand_;
};

}  // namespace manyfold::exporters
