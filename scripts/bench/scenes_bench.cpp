#include <benchmark/benchmark.h>

#include <opencv2/core/utility.hpp>

#include "data/synthetic/clip.h"

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

/// Eight frames of a clip, with their motion (1) or without (0).
void BM_DrawFrames(benchmark::State& state) {
  cv::setNumThreads(1);
  const bool with_motion = state.range(0) != 0;
  uint64_t index = 0;
  for (auto _ : state) {
    const auto clip = describe_clip(1, index++, {}, {});
    MovingScene moving;
    for (int64_t frame = 0; frame < 8; ++frame) {
      const auto moment = at(clip, frame);
      const auto scene = with_motion ? moving.next(moment) : draw(moment);
      benchmark::DoNotOptimize(scene.picture.data);
    }
  }
  state.SetItemsProcessed(8 * state.iterations());
}
BENCHMARK(BM_DrawFrames)->ArgName("motion")->Arg(0)->Arg(1)->MinTime(2);

}  // namespace
}  // namespace manyfold::data::synthetic
