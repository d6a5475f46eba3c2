#include <benchmark/benchmark.h>

#include <opencv2/core/utility.hpp>

#include "data/synthetic/scene.h"

namespace manyfold::data::synthetic {
namespace {

void BM_RenderScene(benchmark::State& state) {
  cv::setNumThreads(1);
  SceneOptions options;
  options.picture_size = {state.range(0), state.range(0)};
  uint64_t index = 0;
  for (auto _ : state) benchmark::DoNotOptimize(render(1, index++, options).picture.data);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_RenderScene)->Arg(96)->Arg(160)->Arg(256)->MinTime(2);

void BM_DescribeScene(benchmark::State& state) {
  uint64_t index = 0;
  for (auto _ : state) benchmark::DoNotOptimize(describe(1, index++, {}).size);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_DescribeScene);

}  // namespace
}  // namespace manyfold::data::synthetic
