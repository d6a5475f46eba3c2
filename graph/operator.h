#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace manyfold::graph {

using Tensors = std::vector<at::Tensor>;

/// What an operator does to one of its arguments.
enum class Access {
  reads,
  views,   // an output may share the argument's memory
  writes,  // changes the argument in place
};

/// One operation: an entry of LibTorch's operator table, or a function of the project's own that a
/// pass puts into a graph. Cheap to copy.
class Operator {
 public:
  using Function = std::function<Tensors(const std::vector<c10::IValue>& arguments)>;

  /// LibTorch's operator ("aten::add", "Tensor"); none when the table has no such entry.
  static std::optional<Operator> find(const std::string& name, const std::string& overload = "");
  /// As `find`. Throws UserError, naming the operator, when there is none.
  static Operator get(const std::string& name, const std::string& overload = "");
  /// An operation of the project's own, such as "manyfold::fake_quant". `run` must be
  /// differentiable where the graph is trained, and free of side effects.
  static Operator custom(const std::string& name, std::vector<std::string> arguments, Function run);

  const std::string& name() const;      // "aten::add"
  const std::string& overload() const;  // "Tensor"
  /// Names of the arguments, in order.
  const std::vector<std::string>& arguments() const;
  Access access(size_t argument) const;
  /// Writes one of its arguments.
  bool in_place() const;

  /// Takes its arguments from the stack and leaves its results there. Differentiable.
  void run(std::vector<c10::IValue>& stack) const;

 private:
  struct Entry;
  explicit Operator(std::shared_ptr<const Entry> entry) : entry_(std::move(entry)) {}
  std::shared_ptr<const Entry> entry_;
};

}  // namespace manyfold::graph
