// What a memory costs a device: a frame in ONNX Runtime without one, with the default one on all
// maps, and with one on the coarse maps alone. Arguments: encoder (below), threads (0: every core).
// Paired in one run:
//   temporal_bench --benchmark_enable_random_interleaving --benchmark_repetitions=5
//                  --benchmark_report_aggregates_only

#include <benchmark/benchmark.h>

#include <thread>

#include "exporters/onnx_writer.h"
#include "exporters/runtime.h"
#include "models/encoders.h"
#include "models/heads.h"
#include "models/temporal.h"
#include "train/forward.h"

namespace manyfold {
namespace {

constexpr int64_t kSize = 160;
constexpr const char* kEncoders[] = {"edge_200k", "edge_420k", "edge_2m4"};

models::MultiTaskModel make(const std::string& name, const models::TemporalOptions& options) {
  torch::manual_seed(1);
  const auto encoder = models::encoders().at(name)(models::Stem::conv);
  std::vector<std::pair<std::string, std::shared_ptr<models::Head>>> heads;
  for (const auto* kind : {"classification", "detector", "segmentation"})
    heads.emplace_back(kind, models::heads().at(kind)(encoder->features(), {}));
  auto temporal = models::temporal_layers().at(options.type)(encoder->features(), options);
  return models::MultiTaskModel(encoder, heads, temporal);
}

void run(benchmark::State& state, const models::TemporalOptions& memory) {
  auto model = make(kEncoders[state.range(0)], memory);
  model->eval();
  const auto graph = train::trace_model(model, {kSize, kSize});
  exporters::SessionOptions options;
  options.threads = state.range(1) ? static_cast<int>(state.range(1))
                                   : static_cast<int>(std::thread::hardware_concurrency());
  exporters::OnnxOptions onnx;
  onnx.batch = 1;
  const auto session = exporters::Session::from_bytes(exporters::write_onnx(graph, onnx), options);
  const auto pictures = torch::randint(256, {1, 3, kSize, kSize}, torch::kUInt8);
  const auto start = train::inputs_for(graph, pictures);
  std::map<std::string, torch::Tensor> inputs(start.begin(), start.end());
  for (auto _ : state) {
    const auto outputs = session.run(inputs);
    for (auto& [name, tensor] : inputs)  // as a device does: the state goes along
      if (name != "pictures") tensor = outputs.at(train::state_output(name));
  }
  state.SetLabel(kEncoders[state.range(0)]);
}

models::TemporalOptions memory(std::vector<int64_t> strides = {}) {
  models::TemporalOptions options;
  options.type = "convgru";
  options.strides = std::move(strides);
  return options;
}

#define MANYFOLD_MEMORY(name, options)   \
  BENCHMARK_CAPTURE(run, name, options)  \
      ->ArgsProduct({{0, 1, 2}, {1, 0}}) \
      ->Unit(benchmark::kMicrosecond)    \
      ->UseRealTime()
MANYFOLD_MEMORY(none, models::TemporalOptions());
MANYFOLD_MEMORY(all_maps, memory());
MANYFOLD_MEMORY(coarse_maps, memory({16, 32}));

}  // namespace
}  // namespace manyfold

BENCHMARK_MAIN();
