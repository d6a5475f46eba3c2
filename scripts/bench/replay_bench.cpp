// What replaying a graph costs beside the module it was traced from, and ONNX Runtime beside both.

#include <benchmark/benchmark.h>

#include <ATen/Parallel.h>

#include "exporters/onnx_writer.h"
#include "exporters/runtime.h"
#include "graph/replay.h"
#include "tests/graph/shipped_models.h"

namespace manyfold {
namespace {

constexpr int64_t kSize = 160;

torch::Tensor pictures(int64_t count) {
  torch::manual_seed(0);
  return torch::randint(256, {count, 3, kSize, kSize}, torch::kUInt8);
}

graph::ShippedModel shipped() { return {"edge_420k", models::Stem::conv}; }

template <class F>
void train_steps(benchmark::State& state, torch::nn::Module& model, F forward) {
  for (auto _ : state) {
    model.zero_grad();
    auto loss = torch::zeros({});
    for (const auto& output : forward()) loss = loss + output.pow(2).mean();
    loss.backward();
  }
}

void BM_TrainModule(benchmark::State& state) {
  auto model = shipped().make();
  const auto x = pictures(state.range(0));
  train_steps(state, *model, [&] {
    graph::Tensors outputs;
    for (const auto& each : graph::named(model->forward(x))) outputs.push_back(each.second);
    return outputs;
  });
}
BENCHMARK(BM_TrainModule)->Arg(2)->Arg(16)->Unit(benchmark::kMillisecond);

void BM_TrainReplay(benchmark::State& state) {
  auto model = shipped().make();
  const auto x = pictures(state.range(0));
  const graph::Replay replay(graph::trace_model(model, graph::Mode::train, kSize));
  train_steps(state, *model, [&] { return replay.run({{"pictures", x}}); });
}
BENCHMARK(BM_TrainReplay)->Arg(2)->Arg(16)->Unit(benchmark::kMillisecond);

void BM_EvaluateModule(benchmark::State& state) {
  auto model = shipped().make();
  model->eval();
  const torch::NoGradGuard no_grad;
  const auto x = pictures(1);
  for (auto _ : state) benchmark::DoNotOptimize(model->forward(x));
}
BENCHMARK(BM_EvaluateModule)->Unit(benchmark::kMillisecond);

void BM_EvaluateReplay(benchmark::State& state) {
  auto model = shipped().make();
  const torch::NoGradGuard no_grad;
  const graph::Replay replay(graph::trace_model(model, graph::Mode::eval, kSize));
  const auto x = pictures(1);
  for (auto _ : state) benchmark::DoNotOptimize(replay.run({{"pictures", x}}));
}
BENCHMARK(BM_EvaluateReplay)->Unit(benchmark::kMillisecond);

void BM_EvaluateOnnxRuntime(benchmark::State& state) {
  auto model = shipped().make();
  exporters::SessionOptions options;
  options.threads = at::get_num_threads();
  const auto session = exporters::Session::from_bytes(
      exporters::write_onnx(graph::trace_model(model, graph::Mode::eval, kSize)), options);
  const auto x = pictures(1);
  for (auto _ : state) benchmark::DoNotOptimize(session.run({{"pictures", x}}));
}
BENCHMARK(BM_EvaluateOnnxRuntime)->Unit(benchmark::kMillisecond);

void BM_Trace(benchmark::State& state) {
  auto model = shipped().make();
  for (auto _ : state) {
    benchmark::DoNotOptimize(graph::trace_model(model, graph::Mode::train, kSize));
  }
}
BENCHMARK(BM_Trace)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace manyfold

BENCHMARK_MAIN();
