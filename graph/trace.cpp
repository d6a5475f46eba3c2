#include "graph/trace.h"

#include <ATen/Context.h>
#include <torch/utils.h>

#include <mutex>

#include "common/error.h"
#include "graph/canonical.h"
#include "graph/passes.h"
#include "graph/replay.h"
#include "graph/torchscript.h"

namespace manyfold::graph {
namespace {

/// Puts a module's modes back.
class ModeGuard {
 public:
  ModeGuard(torch::nn::Module& module, Mode mode) {
    modes_.emplace_back(&module, module.is_training());
    for (const auto& each : module.modules(/*include_self=*/false)) {
      modes_.emplace_back(each.get(), each->is_training());
    }
    if (mode != Mode::as_is) module.train(mode == Mode::train);
  }
  ~ModeGuard() {
    // Children come after their parents, whose train() recurses.
    for (const auto& [module, training] : modes_) module->train(training);
  }

 private:
  std::vector<std::pair<torch::nn::Module*, bool>> modes_;
};

/// What a forward pass may change: buffers and the CPU's random generator.
class State {
 public:
  explicit State(const torch::nn::Module& module) : buffers_(module.buffers()) {
    for (const auto& buffer : buffers_) copies_.push_back(buffer.clone());
    auto generator = at::globalContext().defaultGenerator(c10::kCPU);
    const std::lock_guard<std::mutex> lock(generator.mutex());
    random_ = generator.get_state();
  }
  void restore() const {
    const torch::NoGradGuard no_grad;
    for (size_t i = 0; i < buffers_.size(); ++i) buffers_[i].copy_(copies_[i]);
    auto generator = at::globalContext().defaultGenerator(c10::kCPU);
    const std::lock_guard<std::mutex> lock(generator.mutex());
    generator.set_state(random_);
  }
  ~State() { restore(); }

 private:
  Tensors buffers_, copies_;
  at::Tensor random_;
};

// `rows` rows, those of the example in turn.
NamedTensors with_batch(const NamedTensors& inputs, int64_t rows) {
  NamedTensors batch;
  for (const auto& [name, example] : inputs) {
    if (example.dim() == 0) {
      batch.emplace_back(name, example);
      continue;
    }
    if (example.size(0) == 0) throw UserError("trace: the example of '" + name + "' is empty");
    const auto index = torch::arange(rows, example.device()).remainder(example.size(0));
    batch.emplace_back(name, example.index_select(0, index));
  }
  return batch;
}

bool same(const at::Tensor& a, const at::Tensor& b) {
  if (a.sizes() != b.sizes() || a.scalar_type() != b.scalar_type()) return false;
  if (!a.is_floating_point()) return a.equal(b);
  const double tolerance = a.is_cpu() ? 0 : 1e-4;
  return at::allclose(a, b, tolerance, tolerance, /*equal_nan=*/true);
}

void compare(const Replay& replay, const NamedTensors& inputs, const Tensors& expected) {
  TensorMap feeds(inputs.begin(), inputs.end());
  const auto results = replay.run(feeds);
  for (size_t i = 0; i < results.size(); ++i) {
    if (same(results[i], expected[i])) continue;
    throw UserError("trace: the recorded graph does not reproduce output '" +
                    replay.graph().outputs()[i].first +
                    "' of the module; look for a computation outside LibTorch's operators, or for "
                    "memory that is written under two names");
  }
}

}  // namespace

Graph trace(torch::nn::Module& module, const Forward& forward, const NamedTensors& inputs,
            Mode mode) {
  const torch::NoGradGuard no_grad;
  const ModeGuard modes(module, mode);
  const State state(module);
  const auto two_rows = with_batch(inputs, 2), three_rows = with_batch(inputs, 3);

  auto two = record(module, forward, two_rows);
  state.restore();
  auto three = record(module, forward, three_rows);
  for (auto* graph : {&two.graph, &three.graph}) {
    name_scopes(*graph);
    functionalise(*graph);
    canonicalise(*graph);
    name_scopes(*graph);
  }
  find_batch(two.graph, three.graph);
  remove_dead_code(two.graph);
  two.graph.rename();

  const Replay replay(two.graph);
  state.restore();
  compare(replay, two_rows, two.outputs);
  state.restore();
  compare(replay, three_rows, three.outputs);
  return std::move(two.graph);
}

}  // namespace manyfold::graph
