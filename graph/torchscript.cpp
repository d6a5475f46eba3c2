// The one file that knows TorchScript: LibTorch's tracer and its graph.
#include "graph/torchscript.h"

#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>

#include <algorithm>
#include <set>
#include <unordered_map>

#include "common/error.h"

namespace manyfold::graph {
namespace {

namespace jit = torch::jit;

using TracedGraph = std::pair<std::shared_ptr<jit::Graph>, Tensors>;

struct StoredTensor {
  std::string name;
  Value::Kind kind;
  at::Tensor tensor;
};

// In the order of registration, a tensor that has two names once.
std::vector<StoredTensor> stored_tensors(const torch::nn::Module& module) {
  std::vector<StoredTensor> stored;
  std::set<const void*> seen;
  const auto add = [&](const std::string& name, Value::Kind kind, const at::Tensor& tensor) {
    if (tensor.defined() && seen.insert(tensor.unsafeGetTensorImpl()).second) {
      stored.push_back({name, kind, tensor});
    }
  };
  for (const auto& item : module.named_parameters())
    add(item.key(), Value::parameter, item.value());
  for (const auto& item : module.named_buffers()) add(item.key(), Value::buffer, item.value());
  return stored;
}

TracedGraph run_tracer(const std::vector<StoredTensor>& stored, const Forward& forward,
                       const NamedTensors& inputs, std::vector<std::string>& output_names) {
  jit::Stack stack;
  for (const auto& input : inputs) stack.emplace_back(input.second);
  Tensors results;
  const auto traced = [&](jit::Stack arguments) {
    const auto graph = jit::tracer::getTracingState()->graph;
    for (const auto& each : stored) {
      auto* value = graph->addInput();
      value->setType(c10::TensorType::create(each.tensor));
      jit::tracer::setValueTrace(each.tensor, value);
    }
    Tensors tensors;
    for (const auto& argument : arguments) tensors.push_back(argument.toTensor());
    jit::Stack outputs;
    for (const auto& [name, tensor] : forward(tensors)) {
      TORCH_CHECK(tensor.defined(), "output '", name, "' is undefined");
      output_names.push_back(name);
      results.push_back(tensor);
      outputs.emplace_back(tensor);
    }
    return outputs;
  };
  const auto no_names = [](const at::Tensor&) { return std::string(); };
  try {
    const auto state = jit::tracer::trace(stack, traced, no_names).first;
    return {state->graph, results};
  } catch (const UserError&) {
    jit::tracer::abandon();
    throw;
  } catch (const std::exception& error) {
    jit::tracer::abandon();
    const auto* ours = dynamic_cast<const c10::Error*>(&error);
    throw UserError("trace: the model could not be run and recorded: " +
                    std::string(ours ? ours->what_without_backtrace() : error.what()));
  }
}

/// Builds the project's graph from LibTorch's.
class Translation {
 public:
  explicit Translation(Graph& graph) : graph_(graph) {}

  void bind(const jit::Value* value, Value* own) { arguments_[value] = own; }
  Value* tensor(const jit::Value* value) { return std::get<Value*>(arguments_.at(value)); }

  void translate(const jit::Node& node) {
    switch (node.kind()) {
      case c10::prim::Constant:
        return constant(node);
      case c10::prim::ListConstruct:
        return list(node);
      case c10::prim::ListUnpack:
        return;  // the producer's results are the list's elements
      default:
        return operation(node);
    }
  }

 private:
  void constant(const jit::Node& node) {
    const auto value = jit::toIValue(node.output()).value();
    if (value.isTensor()) {
      arguments_[node.output()] = graph_.add_stored(Value::constant, "constant", value.toTensor());
    } else {
      arguments_[node.output()] = value;
    }
  }

  void list(const jit::Node& node) {
    const auto element = node.output()->type()->expectRef<c10::ListType>().getElementType();
    const bool tensors = element->isSubtypeOf(*c10::TensorType::get()) ||
                         element->isSubtypeOf(*c10::OptionalType::ofTensor());
    if (tensors) {
      std::vector<Value*> values;
      for (const auto* input : node.inputs()) values.push_back(tensor_or_null(input));
      arguments_[node.output()] = values;
      return;
    }
    c10::impl::GenericList elements(element);
    for (const auto* input : node.inputs()) {
      elements.push_back(std::get<c10::IValue>(arguments_.at(input)));
    }
    arguments_[node.output()] = c10::IValue(elements);
  }

  Value* tensor_or_null(const jit::Value* input) {
    const auto& argument = arguments_.at(input);
    if (const auto* value = std::get_if<Value*>(&argument)) return *value;
    return nullptr;
  }

  void operation(const jit::Node& node) {
    const auto* schema = node.maybeSchema();
    const auto op = schema ? Operator::find(schema->name(), schema->overload_name()) : std::nullopt;
    if (!op) {
      throw UserError("trace: " + std::string(node.kind().toQualString()) +
                      " is not an operator of LibTorch that a graph can run");
    }
    std::vector<Argument> arguments;
    for (const auto* input : node.inputs()) arguments.push_back(arguments_.at(input));
    const auto results = result_values(node);
    auto* own = graph_.add_node(*op, std::move(arguments), "", results.size());
    for (size_t i = 0; i < results.size(); ++i) {
      if (!results[i]) continue;
      auto* value = own->outputs[i];
      arguments_[results[i]] = value;
      describe(*results[i], *value);
    }
  }

  // The tensors that a node gives: its outputs, or the elements of the list it gives. Null for a
  // list that nobody unpacks.
  static std::vector<const jit::Value*> result_values(const jit::Node& node) {
    std::vector<const jit::Value*> values;
    for (const auto* output : node.outputs()) {
      if (output->type()->kind() != c10::TypeKind::ListType) {
        values.push_back(output);
        continue;
      }
      const auto& uses = output->uses();
      const auto unpack = std::find_if(uses.begin(), uses.end(), [](const jit::Use& use) {
        return use.user->kind() == c10::prim::ListUnpack;
      });
      if (unpack == uses.end()) continue;
      for (const auto* element : unpack->user->outputs()) values.push_back(element);
    }
    return values;
  }

  static void describe(const jit::Value& traced, Value& own) {
    const auto type = traced.type()->cast<c10::TensorType>();
    const auto sizes = type ? type->sizes().concrete_sizes() : c10::nullopt;
    if (!sizes || !type->scalarType()) return;
    own.dtype = *type->scalarType();
    for (const auto size : *sizes) own.shape.push_back({size, 0});
  }

  Graph& graph_;
  std::unordered_map<const jit::Value*, Argument> arguments_;
};

Shape fixed_shape(const at::Tensor& tensor) {
  Shape shape;
  for (const auto size : tensor.sizes()) shape.push_back({size, 0});
  return shape;
}

}  // namespace

Recording record(torch::nn::Module& module, const Forward& forward, const NamedTensors& inputs) {
  const auto stored = stored_tensors(module);
  std::vector<std::string> output_names;
  const auto [traced, results] = run_tracer(stored, forward, inputs, output_names);

  Recording recording{{}, results};
  auto& graph = recording.graph;
  Translation translation(graph);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto& [name, example] = inputs[i];
    translation.bind(traced->inputs().at(i),
                     graph.add_input(name, fixed_shape(example), example.scalar_type()));
  }
  for (size_t i = 0; i < stored.size(); ++i) {
    translation.bind(traced->inputs().at(inputs.size() + i),
                     graph.add_stored(stored[i].kind, stored[i].name, stored[i].tensor));
  }
  for (const auto* node : traced->nodes()) translation.translate(*node);
  for (size_t i = 0; i < output_names.size(); ++i) {
    graph.add_output(output_names[i], translation.tensor(traced->outputs().at(i)));
  }
  return recording;
}

}  // namespace manyfold::graph
