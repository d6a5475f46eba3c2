#include <algorithm>
#include <unordered_map>

#include "common/error.h"
#include "graph/canonical.h"

namespace manyfold::graph {
namespace {

/// Which values share memory, as far as the operators' declarations tell.
class Aliases {
 public:
  explicit Aliases(const Graph& graph) {
    for (const auto& node : graph.nodes()) {
      for (size_t i = 0; i < node->arguments.size(); ++i) {
        if (node->op.access(i) == Access::reads) continue;
        for (const auto* value : tensors_of(node->arguments[i])) {
          for (const auto* output : node->outputs) parent_[root(output)] = root(value);
        }
      }
    }
  }
  bool share(const Value* a, const Value* b) { return root(a) == root(b); }

 private:
  static std::vector<const Value*> tensors_of(const Argument& argument) {
    if (const auto* value = std::get_if<Value*>(&argument)) return {*value};
    if (const auto* list = std::get_if<std::vector<Value*>>(&argument)) {
      return {list->begin(), list->end()};
    }
    return {};
  }
  const Value* root(const Value* value) {
    auto at = parent_.find(value);
    while (at != parent_.end() && at->second != value) {
      value = at->second;
      at = parent_.find(value);
    }
    return value;
  }

  std::unordered_map<const Value*, const Value*> parent_;
};

// A buffer, or what an earlier update of a buffer in place gave.
bool is_buffer(const Value* value) {
  while (value->producer && value->producer->op.in_place()) {
    value = value->producer->tensor(value->producer->op.arguments().at(0));
  }
  return value->kind == Value::buffer;
}

std::string where(const Node& node) {
  return node.op.name() + (node.scope.empty() ? "" : " in " + node.scope);
}

void refuse_readers(const Graph& graph, const Node& writer, const Value* written,
                    Aliases& aliases) {
  const auto stale = [&](const Value* value) {
    return value != writer.output() && aliases.share(value, written);
  };
  const auto fail = [&](const std::string& reader) {
    throw UserError("trace: " + where(writer) + " writes into a tensor in place while " + reader +
                    " reads the same memory by another name; use the form that is not in place");
  };
  bool after = false;
  // What is derived from the new value is not stale.
  std::vector<const Value*> fresh = {writer.output()};
  const auto is_fresh = [&](const Value* value) {
    return std::find(fresh.begin(), fresh.end(), value) != fresh.end();
  };
  for (const auto& node : graph.nodes()) {
    if (after) {
      for (const auto* value : node->inputs()) {
        if (is_fresh(value))
          fresh.insert(fresh.end(), node->outputs.begin(), node->outputs.end());
        else if (stale(value))
          fail(where(*node));
      }
    }
    after = after || node.get() == &writer;
  }
  for (const auto& [name, value] : graph.outputs()) {
    if (!is_fresh(value) && stale(value)) fail("output '" + name + "'");
  }
}

Operator plain_form(const Node& node) {
  const auto name = node.op.name().substr(0, node.op.name().size() - 1);
  const auto plain = Operator::find(name, node.op.overload());
  if (node.op.name().back() != '_' || !plain || plain->arguments() != node.op.arguments()) {
    throw UserError("trace: " + where(node) +
                    " writes in place and has no plain form; write it without the write in place");
  }
  return *plain;
}

}  // namespace

void functionalise(Graph& graph) {
  Aliases aliases(graph);
  for (const auto& node : graph.nodes()) {
    if (!node->op.in_place()) continue;
    const auto* written = std::get_if<Value*>(&node->arguments.at(0));
    TORCH_CHECK(written && node->op.access(0) == Access::writes && node->outputs.size() == 1,
                "trace: ", where(*node), " writes more than its first argument");
    if (is_buffer(*written)) continue;
    refuse_readers(graph, *node, *written, aliases);
    node->op = plain_form(*node);
  }
}

}  // namespace manyfold::graph
