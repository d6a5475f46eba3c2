// Pictures a second from 320-pixel JPEGs to training batches of 160 x 160.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <filesystem>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "data/data_options.h"
#include "data/files/picture_file.h"
#include "data/loading/training_data.h"

namespace manyfold::data {
namespace {

/// A class folder of drawn JPEGs, removed at the end.
class JpegFolder {
 public:
  JpegFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "loader_bench_XXXXXX").string();
    path_ = mkdtemp(name.data());
    std::filesystem::create_directories(path_ / "train/thing");
    cv::RNG rng(1);
    for (int i = 0; i < 64; ++i) {
      cv::Mat picture(240, 320, CV_8UC3);
      rng.fill(picture, cv::RNG::UNIFORM, 0, 256);
      cv::GaussianBlur(picture, picture, {}, 1.2);
      cv::imwrite((path_ / "train/thing" / (std::to_string(i) + ".jpg")).string(), picture,
                  {cv::IMWRITE_JPEG_QUALITY, 90});
    }
  }
  ~JpegFolder() { std::filesystem::remove_all(path_); }
  std::string string() const { return path_.string(); }
  std::string first() const { return (path_ / "train/thing/0.jpg").string(); }

 private:
  std::filesystem::path path_;
};

DataOptions options_for(const JpegFolder& folder, int64_t threads) {
  SourceOptions source;
  source.type = "folders";
  source.folders.root = folder.string();
  source.labels = {{"thing", {}}};
  source.labels[0].second.from = "folder";
  DataOptions options;
  options.threads = threads;
  options.sources = {{"drawn", source}};
  return options;
}

LabelSpecs one_class() {
  LabelSpec spec;
  spec.kind = LabelSpec::Kind::class_index;
  spec.classes = {"thing"};
  return {{"thing", spec}};
}

/// Decode, augment, collate, on `threads` workers.
void BM_Loader(benchmark::State& state) {
  const JpegFolder folder;
  auto options = options_for(folder, state.range(0));
  options.augment.enabled = state.range(1) != 0;
  TrainingData data(options, one_class(), 1);
  const auto loader = data.loader();
  for (auto _ : state) benchmark::DoNotOptimize(loader->next());
  state.SetItemsProcessed(state.iterations() * options.batch);
}
BENCHMARK(BM_Loader)
    ->ArgNames({"threads", "augment"})
    ->Args({1, 1})
    ->Args({2, 1})
    ->Args({1, 0})
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->MinTime(2);

void BM_Decode(benchmark::State& state) {
  const JpegFolder folder;
  const auto bytes = read_sample_file(folder.first());
  for (auto _ : state) benchmark::DoNotOptimize(decode_picture(bytes, "a", state.range(0)).data);
  state.SetItemsProcessed(state.iterations());
  state.counters["file_bytes"] = static_cast<double>(bytes.size());
}
BENCHMARK(BM_Decode)->ArgName("detail")->Arg(0)->Arg(160)->Arg(80);

void BM_Augment(benchmark::State& state) {
  cv::setNumThreads(0);
  const JpegFolder folder;
  Sample sample;
  sample.frames = {{decode_picture(read_sample_file(folder.first()), "a")}};
  uint64_t step = 0;
  for (auto _ : state) {
    Random random(1, Random::augment, step++);
    benchmark::DoNotOptimize(
        augment(sample, {}, {}, {160, 160}, Fit::letterbox, {}, random).frames[0].picture.data);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Augment);

void BM_MixerBatch(benchmark::State& state) {
  const Mixer mixer(
      {{"photos", "real", 1500}, {"faces", "real", 430}, {"scenes", "synthetic", 50000}},
      {{"real", 0.3}, {"synthetic", 0.7}}, 32, 1);
  int64_t step = 1000000;
  for (auto _ : state) benchmark::DoNotOptimize(mixer.batch(step++));
}
BENCHMARK(BM_MixerBatch);

}  // namespace
}  // namespace manyfold::data
