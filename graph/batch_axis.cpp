#include <sstream>

#include "common/error.h"
#include "graph/canonical.h"

namespace manyfold::graph {
namespace {

// The argument names under which LibTorch's operators take the sizes of a tensor.
bool takes_sizes(const std::string& argument) {
  return argument == "size" || argument == "shape" || argument == "sizes" || argument == "repeats";
}

[[noreturn]] void refuse(const Node& node, const std::string& what) {
  throw UserError("trace: " + node.op.name() + " in " +
                  (node.scope.empty() ? "the model" : node.scope) + ": " + what);
}

// With two rows and with three: the same number, or k * batch.
bool combine(int64_t two, int64_t three, Size& size) {
  size = {two, 0};
  if (two == three) return true;
  if (two % 2 || three % 3 || two / 2 != three / 3 || two <= 0) return false;
  size = {0, two / 2};
  return true;
}

void combine(const Node& node, Shape& two, const Shape& three) {
  if (two.size() != three.size()) refuse(node, "its result has another rank for another batch");
  for (size_t i = 0; i < two.size(); ++i) {
    if (!combine(two[i].fixed, three[i].fixed, two[i])) {
      refuse(node, "a size of its result is " + std::to_string(two[i].fixed) +
                       " for two rows and " + std::to_string(three[i].fixed) +
                       " for three, which is no multiple of the batch");
    }
  }
}

bool equal_constants(const c10::IValue& a, const c10::IValue& b) {
  if (a.tagKind() != b.tagKind()) return false;
  if (a.isDouble()) return a.toDouble() == b.toDouble() || (a.toDouble() != a.toDouble());
  return a == b;
}

std::string text(const c10::IValue& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

void combine_constant(Node& node, size_t index, const c10::IValue& three) {
  const auto two = std::get<c10::IValue>(node.arguments[index]);
  if (equal_constants(two, three)) return;
  const auto& name = node.op.arguments()[index];
  if (takes_sizes(name) && two.isIntList() && three.isIntList()) {
    const auto a = two.toIntVector(), b = three.toIntVector();
    Shape shape(a.size());
    bool sizes = a.size() == b.size();
    for (size_t i = 0; sizes && i < a.size(); ++i) sizes = combine(a[i], b[i], shape[i]);
    if (sizes) {
      node.arguments[index] = shape;
      return;
    }
  }
  refuse(node, "'" + name + "' is " + text(two) + " for a batch of two and " + text(three) +
                   " for three; a number taken from the batch would be frozen into the graph. "
                   "Write it so that it does not depend on the batch (flatten(1), view({-1, ...}), "
                   "mean), or pass it as an input");
}

void combine_stored(const Node& node, const Value& two, const Value& three) {
  if (two.kind != three.kind) refuse(node, "it reads another tensor for another batch");
  if (two.kind != Value::constant) {
    if (two.name != three.name) {
      refuse(node,
             "it reads '" + two.name + "' for a batch of two and '" + three.name + "' for three");
    }
    return;
  }
  if (!two.tensor.equal(three.tensor)) {
    refuse(node,
           "it reads a constant tensor that differs between batches; make it a buffer, or "
           "an input");
  }
}

void combine_values(const Node& node, const Value* two, const Value* three) {
  if (!two != !three) refuse(node, "it has an optional input for one batch and not for another");
  if (!two) return;
  if (two->stored() || three->stored()) return combine_stored(node, *two, *three);
  if (two->name != three->name) refuse(node, "its input comes from another node for another batch");
}

void combine(Node& two, const Node& three) {
  if (two.op.name() != three.op.name() || two.outputs.size() != three.outputs.size()) {
    refuse(two, "it stands where a batch of three has " + three.op.name() +
                    "; the model must compute the same for every batch");
  }
  for (size_t i = 0; i < two.arguments.size(); ++i) {
    if (two.arguments[i].index() != three.arguments[i].index()) {
      refuse(two, "'" + two.op.arguments()[i] + "' is of another kind for another batch");
    }
    if (std::holds_alternative<c10::IValue>(two.arguments[i])) {
      combine_constant(two, i, std::get<c10::IValue>(three.arguments[i]));
    }
  }
  const auto a = two.inputs(), b = three.inputs();
  if (a.size() != b.size()) refuse(two, "it has more inputs for one batch than for another");
  for (size_t i = 0; i < a.size(); ++i) combine_values(two, a[i], b[i]);
  for (size_t i = 0; i < two.outputs.size(); ++i) {
    combine(two, two.outputs[i]->shape, three.outputs[i]->shape);
  }
}

}  // namespace

void find_batch(Graph& two, const Graph& three) {
  for (size_t i = 0; i < two.inputs().size(); ++i) {
    auto& shape = two.inputs()[i]->shape;
    const auto& other = three.inputs().at(i)->shape;
    for (size_t d = 0; d < shape.size(); ++d) combine(shape[d].fixed, other[d].fixed, shape[d]);
  }
  const auto& nodes = two.nodes();
  for (size_t i = 0; i < nodes.size() && i < three.nodes().size(); ++i) {
    combine(*nodes[i], *three.nodes()[i]);
  }
  if (nodes.size() != three.nodes().size()) {
    throw UserError("trace: the model runs " + std::to_string(nodes.size()) +
                    " operations for two rows and " + std::to_string(three.nodes().size()) +
                    " for three; it must compute the same for every batch");
  }
}

}  // namespace manyfold::graph
