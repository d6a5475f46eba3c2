#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "graph/operator.h"

namespace manyfold::graph {

/// One size of a shape: a number, or a multiple of the batch size.
struct Size {
  int64_t fixed = 0;
  int64_t per_sample = 0;  // > 0: the size is per_sample * batch, and `fixed` is not used

  int64_t at(int64_t batch) const { return per_sample ? per_sample * batch : fixed; }
  bool operator==(const Size& other) const {
    return per_sample == other.per_sample && (per_sample || fixed == other.fixed);
  }
};
using Shape = std::vector<Size>;
std::vector<int64_t> sizes_at(const Shape& shape, int64_t batch);
/// "[N, 3, 64, 2N]".
std::string to_string(const Shape& shape);

struct Node;

/// A tensor that runs through the graph.
struct Value {
  enum Kind { input, parameter, buffer, constant, result };

  std::string name;  // unique in the graph
  Kind kind = result;
  Shape shape;
  c10::ScalarType dtype = c10::ScalarType::Float;
  /// Of parameters and buffers: the module's own tensor, so that training goes on with it.
  at::Tensor tensor;
  Node* producer = nullptr;  // of results

  bool stored() const { return kind != input && kind != result; }
};

/// What a node is given: a constant (None, a number, a list of numbers ...), a tensor, a list of
/// tensors (an absent one is null), or a list of sizes that vary with the batch.
using Argument = std::variant<c10::IValue, Value*, std::vector<Value*>, Shape>;

/// One operation. Its arguments stand in the order of `op.arguments()`.
struct Node {
  std::string name;   // unique: "encoder.stride4.0.conv/convolution"
  std::string scope;  // the module it belongs to: "encoder.stride4.0.conv"
  Operator op;
  std::vector<Argument> arguments;
  std::vector<Value*> outputs;
  /// Of a node that updates a buffer (a counter of BatchNorm): the node of the same module that it
  /// accompanies. It runs if and only if that one does.
  Node* accompanies = nullptr;

  bool is(const char* name) const { return op.name() == name; }
  Value* output() const { return outputs.at(0); }

  /// Arguments by name. Asking for one that the operator has not, or as what it is not, is an error
  /// of the program (c10::Error).
  const Argument& argument(const std::string& name) const;
  Argument& argument(const std::string& name);
  bool has(const std::string& name) const;       // the operator knows it and it is not None
  Value* tensor(const std::string& name) const;  // null when None
  const std::vector<Value*>& tensors(const std::string& name) const;
  const c10::IValue& constant(const std::string& name) const;
  int64_t integer(const std::string& name) const { return constant(name).toInt(); }
  double number(const std::string& name) const { return constant(name).toScalar().toDouble(); }
  bool flag(const std::string& name) const { return constant(name).toBool(); }
  /// A list of integers. Throws c10::Error when an element depends on the batch; see `sizes`.
  std::vector<int64_t> integers(const std::string& name) const;
  Shape sizes(const std::string& name) const;

  /// Every tensor argument, lists included, without the absent ones.
  std::vector<Value*> inputs() const;
  void replace_input(Value* from, Value* to);
};

/// The project's own picture of a traced module: nodes in the order of execution, and the values
/// between them. Passes edit it; `Replay` runs it, with autograd; the exporters read it.
///
/// A copy has nodes and values of its own but shares the stored tensors.
class Graph {
 public:
  using Nodes = std::vector<std::unique_ptr<Node>>;
  using Named = std::pair<std::string, Value*>;

  Graph() = default;
  Graph(const Graph& other);
  Graph(Graph&&) = default;
  Graph& operator=(Graph other);
  ~Graph() = default;

  const Nodes& nodes() const { return nodes_; }
  const std::vector<std::unique_ptr<Value>>& values() const { return values_; }
  const std::vector<Value*>& inputs() const { return inputs_; }
  const std::vector<Named>& outputs() const { return outputs_; }
  /// Parameters and buffers by the module's names; none when the graph does not use that name.
  Value* stored(const std::string& name) const;
  /// By name: a value, or an output. Null when there is none.
  Value* find(const std::string& name) const;
  /// The nodes that read each value, in order.
  std::unordered_map<const Value*, std::vector<Node*>> uses() const;

  Value* add_input(const std::string& name, Shape shape, c10::ScalarType dtype);
  /// A stored tensor. Its name is made unique by a suffix when it is taken.
  Value* add_stored(Value::Kind kind, const std::string& name, const at::Tensor& tensor);
  void add_output(const std::string& name, Value* value) { outputs_.emplace_back(name, value); }
  /// Sets which values are outputs, or their names.
  std::vector<Named>& mutable_outputs() { return outputs_; }

  /// A node with `outputs` results of yet unknown shape, before `position` (null: at the end). Its
  /// name, made from scope and operator, is unique.
  Node* add_node(const Operator& op, std::vector<Argument> arguments, const std::string& scope,
                 size_t outputs = 1, const Node* position = nullptr);
  /// As `add_node`, just after `position`.
  Node* add_node_after(const Node* position, const Operator& op, std::vector<Argument> arguments,
                       const std::string& scope, size_t outputs = 1);
  /// Readers of `from`, outputs of the graph included, read `to` instead; `except` goes on reading
  /// `from`.
  void replace_uses(Value* from, Value* to, const Node* except = nullptr);
  /// Names the nodes and their results anew, from their scopes.
  void rename();
  /// Drops the nodes for which `keep` is false, and the values that nobody reads or writes then.
  template <class Keep>
  void retain(Keep keep) {
    Nodes kept;
    for (auto& node : nodes_) {
      if (keep(*node)) kept.push_back(std::move(node));
    }
    nodes_.swap(kept);
    drop_unused_values();
  }

 private:
  void drop_unused_values();
  std::string unique_name(const std::string& wish);
  void name_node(Node& node);

  Nodes nodes_;
  std::vector<std::unique_ptr<Value>> values_;
  std::vector<Value*> inputs_;
  std::vector<Named> outputs_;
  std::map<std::string, int> taken_;  // names, and the last suffix given to each
};

/// Where the module's parameters and buffers are; the CPU when there are none.
c10::Device device_of(const Graph& graph);

/// One line for each input, node and output, for people.
std::string to_string(const Graph& graph);

}  // namespace manyfold::graph
