#include <ATen/ATen.h>

#include <algorithm>

#include "graph/batch_norm.h"
#include "graph/passes.h"
#include "graph/rewrite.h"

namespace manyfold::graph {
namespace {

using Sizes = std::vector<int64_t>;

bool is_sum(const Node& node) {
  if (!node.is("aten::add") || node.op.overload() != "Tensor") return false;
  return std::holds_alternative<Value*>(node.argument("self")) &&
         std::holds_alternative<Value*>(node.argument("other")) && node.number("alpha") == 1;
}

Sizes kernel_of(const Value& weight) {
  Sizes kernel;
  for (size_t d = 2; d < weight.shape.size(); ++d) kernel.push_back(weight.shape[d].fixed);
  return kernel;
}

// LibTorch lets one number stand for every axis.
Sizes each_axis(const Node& convolution, const char* argument) {
  const auto values = convolution.integers(argument);
  const auto axes = convolution.tensor("weight")->shape.size() - 2;
  return values.size() == 1 ? Sizes(axes, values[0]) : values;
}

Sizes halves(Sizes kernel) {
  for (auto& size : kernel) size /= 2;
  return kernel;
}

bool all_equal(const Sizes& sizes, int64_t to) {
  return std::all_of(sizes.begin(), sizes.end(), [&](int64_t size) { return size == to; });
}

// Centred on every pixel that it reads, so that a smaller kernel is a larger one with zeros around.
bool is_centred_convolution(const Node* node) {
  if (!node || !node->is("aten::convolution") || node->flag("transposed")) return false;
  const auto kernel = kernel_of(*node->tensor("weight"));
  const bool odd =
      std::all_of(kernel.begin(), kernel.end(), [](int64_t size) { return size % 2 == 1; });
  return odd && each_axis(*node, "padding") == halves(kernel) &&
         all_equal(each_axis(*node, "dilation"), 1) && from_stored_only(node->tensor("weight")) &&
         (!node->has("bias") || from_stored_only(node->tensor("bias")));
}

bool is_norm(const Node* node) {
  return node && node->is("aten::batch_norm") && !node->flag("training") &&
         has_stored_statistics(*node);
}

// Whether `other`, a convolution or a BatchNorm, computes what the weights of `convolution` could.
bool matches(const Node& convolution, const Node* other) {
  const auto* input = convolution.tensor("input");
  if (!other || !(convolution.output()->shape == other->output()->shape)) return false;
  if (is_norm(other)) {
    return other->tensor("input") == input && all_equal(each_axis(convolution, "stride"), 1);
  }
  return is_centred_convolution(other) && other->tensor("input") == input &&
         other->integer("groups") == convolution.integer("groups") &&
         each_axis(*other, "stride") == each_axis(convolution, "stride");
}

/// What a branch multiplies its input by and adds.
struct Branch {
  Value* weight;
  Argument bias;
};

// The identity as a convolution of that many groups, each output channel with its own input.
at::Tensor identity_kernel(const Shape& like, int64_t groups, const at::TensorOptions& options) {
  Sizes sizes(like.size(), 1);
  sizes[0] = like[0].fixed;
  sizes[1] = like[1].fixed;
  return at::eye(sizes[1], options).repeat({groups, 1}).view(sizes);
}

Branch branch_of(Graph& graph, const Node& node, const Node& convolution) {
  if (!is_norm(&node)) return {node.tensor("weight"), node.argument("bias")};
  const auto groups = convolution.integer("groups");
  const auto* weight = convolution.tensor("weight");
  const auto options = node.tensor("running_var")->tensor.options().dtype(weight->dtype);
  auto* identity = graph.add_stored(Value::constant, node.scope + ".identity",
                                    identity_kernel(weight->shape, groups, options));
  const auto folded =
      insert_folded(graph, node, identity, c10::IValue(), /*transposed=*/false, groups, node);
  return {folded.weight, folded.bias};
}

// `weight` with zeros around its kernel.
Value* padded(Graph& graph, const Node& position, Value* weight, const Sizes& kernel) {
  static const auto pad = Operator::get("aten::constant_pad_nd");
  const auto own = kernel_of(*weight);
  if (own == kernel) return weight;
  auto shape = weight->shape;
  Sizes widths;  // before and after, the last axis first
  for (size_t d = kernel.size(); d-- > 0;) {
    widths.insert(widths.end(), 2, (kernel[d] - own[d]) / 2);
    shape[d + 2] = {kernel[d], 0};
  }
  return insert_before(graph, position, pad, {weight, c10::IValue(widths), c10::IValue(0)}, shape,
                       weight->dtype);
}

Value* sum_of(Graph& graph, const Node& position, Value* a, Value* b) {
  static const auto add = Operator::get("aten::add", "Tensor");
  return insert_before(graph, position, add, {a, b, c10::IValue(1)}, a->shape, a->dtype);
}

Argument sum_of(Graph& graph, const Node& position, const Argument& a, const Argument& b) {
  const auto* first = std::get_if<Value*>(&a);
  const auto* second = std::get_if<Value*>(&b);
  if (!first) return b;
  return second ? Argument(sum_of(graph, position, *first, *second)) : a;
}

void fuse(Graph& graph, const Node& sum, const Node& convolution, const Node& other) {
  const auto a = branch_of(graph, convolution, convolution);
  const auto b = branch_of(graph, other, convolution);
  auto kernel = kernel_of(*a.weight);
  const auto smaller = kernel_of(*b.weight);
  for (size_t d = 0; d < kernel.size(); ++d) kernel[d] = std::max(kernel[d], smaller[d]);
  auto* weight = sum_of(graph, sum, padded(graph, sum, a.weight, kernel),
                        padded(graph, sum, b.weight, kernel));
  const auto bias = sum_of(graph, sum, a.bias, b.bias);
  auto* fused = graph.add_node(convolution.op, convolution.arguments, sum.scope, 1, &sum);
  fused->argument("weight") = weight;
  fused->argument("bias") = bias;
  fused->argument("padding") = c10::IValue(halves(kernel));
  fused->output()->shape = sum.output()->shape;
  fused->output()->dtype = sum.output()->dtype;
  graph.replace_uses(sum.output(), fused->output());
}

}  // namespace

void fuse_branches(Graph& graph) {
  std::vector<Node*> sums;
  for (const auto& node : graph.nodes()) {
    if (is_sum(*node)) sums.push_back(node.get());
  }
  for (auto* sum : sums) {
    auto* first = sum->tensor("self")->producer;
    auto* second = sum->tensor("other")->producer;
    if (!is_centred_convolution(first)) std::swap(first, second);
    if (first == second || !is_centred_convolution(first) || !matches(*first, second)) continue;
    if (read_only_by(graph, first->output(), sum) && read_only_by(graph, second->output(), sum)) {
      fuse(graph, *sum, *first, *second);
    }
  }
  remove_dead_code(graph);
}

}  // namespace manyfold::graph
