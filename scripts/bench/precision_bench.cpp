// What the precisions cost: a picture in ONNX Runtime in fp32 and int8, and a training step in each
// arithmetic. Paired in one run:
//   precision_bench --benchmark_enable_random_interleaving --benchmark_repetitions=5
//                   --benchmark_report_aggregates_only

#include <benchmark/benchmark.h>

#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <thread>

#include "exporters/onnx_writer.h"
#include "exporters/runtime.h"
#include "models/memory_format.h"
#include "quantise/quantised_model.h"
#include "tests/graph/shipped_models.h"
#include "train/forward.h"
#include "train/precision.h"

namespace manyfold {
namespace {

constexpr int64_t kSize = 160;
const cv::Size kInput(kSize, kSize);

torch::Tensor pictures(int64_t count) {
  torch::manual_seed(0);
  return torch::randint(256, {count, 3, kSize, kSize}, torch::kUInt8)
      .contiguous(torch::MemoryFormat::ChannelsLast);
}

int every_core() { return static_cast<int>(std::max(1u, std::thread::hardware_concurrency())); }

models::MultiTaskModel make(const char* encoder) {
  at::globalContext().setFlushDenormal(true);
  at::set_num_threads(every_core());
  torch::manual_seed(1);
  auto model = graph::ShippedModel{encoder, models::Stem::conv}.make();
  models::set_channels_last(*model);
  return model;
}

std::shared_ptr<quantise::QuantisedModel> calibrated(models::MultiTaskModel& model) {
  model->eval();
  const auto graph = train::trace_model(model, kInput);
  auto quantised = std::make_shared<quantise::QuantisedModel>(*model, graph, quantise::ModelFacts{},
                                                              quantise::QuantiseOptions{});
  quantised->calibrate({{{"pictures", pictures(16)}}});
  return quantised;
}

/// range(0): threads, 0 = every core.
void run_onnx(benchmark::State& state, const graph::Graph& graph) {
  exporters::SessionOptions options;
  options.threads = state.range(0) ? static_cast<int>(state.range(0)) : every_core();
  exporters::OnnxOptions onnx;
  onnx.batch = 1;
  const auto session = exporters::Session::from_bytes(exporters::write_onnx(graph, onnx), options);
  const auto x = pictures(1).contiguous();
  for (auto _ : state) benchmark::DoNotOptimize(session.run({{"pictures", x}}));
}

void BM_OnnxFloat(benchmark::State& state, const char* encoder) {
  auto model = make(encoder);
  model->eval();
  run_onnx(state, train::trace_model(model, kInput));
}

void BM_OnnxInt8(benchmark::State& state, const char* encoder) {
  auto model = make(encoder);
  run_onnx(state, calibrated(model)->encoded());
}

#define MANYFOLD_ONNX(encoder)                       \
  BENCHMARK_CAPTURE(BM_OnnxFloat, encoder, #encoder) \
      ->Arg(1)                                       \
      ->Arg(0)                                       \
      ->Unit(benchmark::kMicrosecond);               \
  BENCHMARK_CAPTURE(BM_OnnxInt8, encoder, #encoder)->Arg(1)->Arg(0)->Unit(benchmark::kMicrosecond)
MANYFOLD_ONNX(edge_200k);
MANYFOLD_ONNX(edge_420k);
MANYFOLD_ONNX(edge_2m4);

void train_steps(benchmark::State& state, models::MultiTaskModel& model,
                 const train::Forward& forward) {
  const auto x = pictures(state.range(0));
  for (auto _ : state) {
    model->zero_grad();
    const auto features = forward.encode(x);
    auto loss = torch::zeros({});
    for (const auto& task : model->tasks())
      loss = loss + forward.head(task, features, {}).at(0).pow(2).mean();
    loss.backward();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void BM_Train(benchmark::State& state, const char* precision) {
  auto model = make("edge_420k");
  model->train();
  train_steps(state, model,
              train::forward_in(train::precision_of(precision), model, kInput).training);
}
BENCHMARK_CAPTURE(BM_Train, fp32, "fp32")->Arg(32)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(BM_Train, bf16, "bf16")->Arg(32)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(BM_Train, fp16_device, "fp16_device")
    ->Arg(32)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

/// With ranges that follow the batches, as in the first half of a run, or frozen.
void BM_TrainInt8(benchmark::State& state, bool following) {
  auto model = make("edge_420k");
  const auto quantised = calibrated(model);
  model->train();
  for (const auto& [name, quantiser] : quantised->quantisers().activations)
    quantiser->following = following;
  train_steps(state, model,
              train::forward_of(std::make_shared<const graph::Replay>(quantised->graph())));
}
BENCHMARK_CAPTURE(BM_TrainInt8, following, true)
    ->Arg(32)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(BM_TrainInt8, frozen, false)
    ->Arg(32)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace manyfold

BENCHMARK_MAIN();
