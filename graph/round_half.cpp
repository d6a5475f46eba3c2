#include "graph/round_half.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <set>
#include <unordered_set>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define MANYFOLD_F16C
#endif

namespace manyfold::graph {
namespace {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// ---- Numbers

/// Near x, halves are 2^(e - 10) apart for 2^e <= |x| < 2^(e + 1), and never less than 2^-24. So
/// are floats beside 2^(e + 13): adding and subtracting it rounds as half precision does.
float rounded(float x) {
  constexpr uint32_t kExponent = 0x7f800000;
  const float magnitude = std::fabs(x);
  uint32_t bits = 0;
  std::memcpy(&bits, &magnitude, sizeof bits);
  bits &= kExponent;
  float power = 0;
  std::memcpy(&power, &bits, sizeof power);
  const float beside = 0x1p13F * std::min(std::max(power, 0x1p-14F), 0x1p15F);
  const float result = (magnitude + beside) - beside;
  return std::copysign(result >= 65536 ? std::numeric_limits<float>::infinity() : result, x);
}

void round_portable(const float* x, float* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = rounded(x[i]);
}

#ifdef MANYFOLD_F16C
__attribute__((target("avx,f16c"))) void round_vectors(const float* x, float* y, int64_t n) {
  constexpr int64_t kLanes = 8;
  const int64_t whole = n - n % kLanes;
  for (int64_t i = 0; i < whole; i += kLanes) {
    const __m128i half =
        _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    _mm256_storeu_ps(y + i, _mm256_cvtph_ps(half));
  }
  round_portable(x + whole, y + whole, n - whole);
}
#endif

using Round = void (*)(const float* x, float* y, int64_t n);

Round best_round() {
#ifdef MANYFOLD_F16C
  if (__builtin_cpu_supports("avx2")) return round_vectors;  // all of these have F16C
#endif
  return round_portable;
}

/// Without gradients.
Tensor round_tensor(const Tensor& x) {
  const bool fast =
      x.device().is_cpu() && x.scalar_type() == at::kFloat && x.is_non_overlapping_and_dense();
  if (!fast) return x.to(at::kHalf).to(x.scalar_type());
  static const Round round = best_round();
  constexpr int64_t kGrain = 32768;
  auto y = at::empty_like(x);
  const auto* from = x.data_ptr<float>();
  auto* to = y.data_ptr<float>();
  at::parallel_for(0, x.numel(), kGrain, [&](int64_t begin, int64_t end) {
    round(from + begin, to + begin, end - begin);
  });
  return y;
}

struct RoundHalf : torch::autograd::Function<RoundHalf> {
  static Tensor forward(AutogradContext*, const Tensor& x) { return round_tensor(x); }
  static variable_list backward(AutogradContext*, const variable_list& gradients) {
    return {round_tensor(gradients.at(0))};
  }
};

// ---- The pass

/// Hands on some of the numbers it is given, or 0: exact as soon as they are.
bool moves_data(const Node& node) {
  static const std::set<std::string> names = {"aten::cat",
                                              "aten::chunk",
                                              "aten::clone",
                                              "aten::contiguous",
                                              "aten::expand",
                                              "aten::flatten",
                                              "aten::max_pool2d",
                                              "aten::permute",
                                              "aten::pixel_shuffle",
                                              "aten::pixel_unshuffle",
                                              "aten::relu",
                                              "aten::reshape",
                                              "aten::select",
                                              "aten::slice",
                                              "aten::split",
                                              "aten::split_with_sizes",
                                              "aten::squeeze",
                                              "aten::stack",
                                              "aten::t",
                                              "aten::transpose",
                                              "aten::unbind",
                                              "aten::unsqueeze",
                                              "aten::upsample_nearest2d",
                                              "aten::view"};
  return names.count(node.op.name()) > 0;
}

/// Statistics that the node updates in place.
bool updates(const Node& node, const Value* input) {
  const bool norm = node.is("aten::batch_norm") && node.flag("training");
  return norm && (input == node.tensor("running_mean") || input == node.tensor("running_var"));
}

class HalfPass {
 public:
  explicit HalfPass(Graph& graph)
      : graph_(graph), activations_(graph.inputs().begin(), graph.inputs().end()) {}

  void run() {
    std::vector<Node*> nodes;
    for (const auto& node : graph_.nodes()) nodes.push_back(node.get());
    for (auto* node : nodes) {
      const auto inputs = node->inputs();
      const bool active = std::any_of(inputs.begin(), inputs.end(), [&](const Value* input) {
        return activations_.count(input) > 0;
      });
      if (!active || node->op.in_place()) continue;  // weights of weights, counters
      for (auto* input : inputs) round_input(*node, input);
      activations_.insert(node->outputs.begin(), node->outputs.end());
      if (!moves_data(*node)) round_results(*node);
    }
  }

 private:
  /// Of what no node of the device has computed: weights and the graph's own inputs.
  void round_input(Node& node, Value* input) {
    const bool computed = activations_.count(input) && input->kind != Value::input;
    if (computed || !at::isFloatingType(input->dtype) || updates(node, input)) return;
    // One for each scope: a head's copy of a weight belongs to the head.
    auto& copy = copies_[{input, node.scope}];
    if (!copy) copy = like(*input, graph_.add_node(op_, {input}, node.scope, 1, &node));
    node.replace_input(input, copy);
  }

  void round_results(Node& node) {
    for (auto* output : std::vector<Value*>(node.outputs)) {
      if (!at::isFloatingType(output->dtype)) continue;
      auto* after = graph_.add_node_after(&node, op_, {output}, node.scope);
      auto* result = like(*output, after);
      graph_.replace_uses(output, result, after);
      activations_.insert(result);
    }
  }

  static Value* like(const Value& value, Node* node) {
    node->output()->shape = value.shape;
    node->output()->dtype = value.dtype;
    return node->output();
  }

  Graph& graph_;
  std::unordered_set<const Value*> activations_;  // what follows from the graph's inputs
  std::map<std::pair<const Value*, std::string>, Value*> copies_;  // by reader's scope
  const Operator op_ = Operator::custom(kRoundHalf, {"self"}, [](const auto& arguments) {
    return Tensors{round_half(arguments.at(0).toTensor())};
  });
};

}  // namespace

Tensor round_half(const Tensor& x) { return RoundHalf::apply(x); }

void round_to_half(Graph& graph) { HalfPass(graph).run(); }

}  // namespace manyfold::graph
